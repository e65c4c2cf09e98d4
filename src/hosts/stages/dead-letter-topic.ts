import type { Clock } from '../../async/clock.ts'
import type { ErrorCode } from '../../error-catalogue.ts'
import { TailraceError } from '../../errors.ts'
import { KafkaError } from '../../kafka/kafka.ts'
import type { KafkaApi } from '../../kafka/kafka.ts'
import type { TopicLimits } from '../../pipeline/topic-limits.ts'
import type { ProvidedTopic } from '../../pipeline/topic-provisioner.ts'
import type { TopicFacts } from './stage-parts.ts'

/** The dead-letter topic of a pipeline, as this process knows it. */
export interface DeadLetterTopic {
  readonly name: string
  /**
   * Makes the topic where it is missing. Rejects with DEAD_LETTER_UNWRITABLE where it cannot be written, and with an error
   * of another policy where that is not known.
   */
  facts(signal: AbortSignal): Promise<TopicFacts>
  /**
   * To be told of every error that puts a lane in doubt: whatever was known of the topic is asked anew, and a refusal to
   * write into it is remembered for a while, so that the retaken lane stops its table instead of being refused again.
   */
  learn(error: TailraceError): void
}

export interface DeadLetterTopicOptions {
  readonly name: string
  readonly kafka: Pick<KafkaApi, 'topicConfig'>
  readonly provide: (signal: AbortSignal) => Promise<ProvidedTopic>
  readonly limits: Pick<TopicLimits, 'maxRecordBytes'>
  readonly clock: Clock
}

/**
 * So long a refusal is believed: enough for the lane to be taken again and to meet the record, and over before somebody has
 * mended the rights and started a worker anew.
 */
const believedForMs = 30_000

/** Knows nothing of the topic before it is asked for the first time. */
export function createDeadLetterTopic(options: DeadLetterTopicOptions): DeadLetterTopic {
  const { name, limits, clock } = options
  let provided: ProvidedTopic | undefined
  let refusal: { readonly error: TailraceError; readonly atMs: number } | undefined
  return {
    name,
    facts: async (signal) => {
      if (refusal !== undefined && clock.monotonic() - refusal.atMs < believedForMs) {
        throw unwritable(name, refusal.error.message, refusal.error)
      }
      const { partitions } = (provided ??= await provideWritable(options, signal))
      return { partitions, maxRecordBytes: await limits.maxRecordBytes(name, signal) }
    },
    learn: (error) => {
      provided = undefined
      const forbidden = refusalIn(error, name)
      if (forbidden !== undefined) refusal = { error: forbidden, atMs: clock.monotonic() }
    },
  }
}

/** The error that stops a table whose record could not become a dead letter. */
export function unwritable(topic: string, why: string, cause?: unknown): TailraceError {
  return new TailraceError('DEAD_LETTER_UNWRITABLE', `no dead letter can be written to topic ${topic}: ${why}`, {
    cause,
    details: { topic },
  })
}

const unwritableCodes: ReadonlySet<ErrorCode> = new Set(['TOPIC_MISSING', 'TOPIC_RESERVED', 'KAFKA_AUTHORIZATION'])

async function provideWritable(
  { name, kafka, provide }: DeadLetterTopicOptions,
  signal: AbortSignal,
): Promise<ProvidedTopic> {
  try {
    const provided = await provide(signal)
    if (await isCompacted(kafka, name, signal)) {
      throw unwritable(name, 'it is compacted, and would keep parts of letters only')
    }
    return provided
  } catch (error) {
    if (error instanceof TailraceError && unwritableCodes.has(error.code)) throw unwritable(name, error.message, error)
    if (error instanceof KafkaError) throw new TailraceError('KAFKA_PROTOCOL', error.message, { cause: error })
    throw error
  }
}

/** Whoever may not read the topic's configuration is believed to have made it well. */
async function isCompacted(kafka: Pick<KafkaApi, 'topicConfig'>, name: string, signal: AbortSignal): Promise<boolean> {
  try {
    const config = await kafka.topicConfig(name, signal)
    return config.get('cleanup.policy')?.includes('compact') === true
  } catch (error) {
    if (error instanceof TailraceError && error.code === 'KAFKA_AUTHORIZATION') return false
    throw error
  }
}

/** Kafka's refusal of records to this topic for want of rights, if it is what went wrong. */
export function refusalIn(error: unknown, topic: string): TailraceError | undefined {
  if (!(error instanceof TailraceError)) return undefined
  if (error.code === 'KAFKA_AUTHORIZATION' && error.details['topic'] === topic) return error
  return refusalIn(error.cause, topic)
}
