import type { Clock } from '../../async/clock.ts'
import { TailraceError } from '../../errors.ts'
import { KafkaError } from '../../kafka/kafka.ts'
import type { PinnedTopic } from '../../pipeline/stages.ts'
import type { TopicLimits } from '../../pipeline/topic-limits.ts'
import type { ProvidedTopic, TopicProvisioner } from '../../pipeline/topic-provisioner.ts'
import { changedTopic } from './pinned-topics.ts'
import type { OtherTopics } from './stage-parts.ts'

/** A topic made of an attribute with too many values would make as many topics, which no cluster bears. */
const maxTopics = 1_000

/** So long an answer is believed; then the cluster is asked again, in front of the next page. As tables' own topics are. */
const believedForMs = 60_000

/** A topic that is gone is looked for again before it is believed: a broker that has just come back may know less. */
const looks = 3
const lookAgainMs = 1_000

/** What routed topics are made with. */
export interface OtherTopicsOptions {
  readonly topics: Pick<TopicProvisioner, 'provideRouted' | 'look' | 'refuseReserved'>
  readonly limits: Pick<TopicLimits, 'maxRecordBytes'>
  /** Topics of the pipeline itself: its ledger, its signals. */
  readonly own: ReadonlySet<string>
  readonly mayShare: boolean
  readonly clock: Clock
}

/** What topics that changes are routed to are asked for, for all lanes of a process. */
export interface SharedTopics extends OtherTopics {
  /** To be told of every error that puts a lane in doubt: then every topic is asked about anew. */
  learn(error: TailraceError): void
}

interface Answer {
  readonly topic: ProvidedTopic
  readonly atMs: number
}

/**
 * Topics that changes are routed to. A topic that records were sent to is never made anew: whoever deleted it has to say what
 * is to be. What stops the table is ROUTE_REFUSED, or OUTPUT_TOPIC_CHANGED.
 */
export function createOtherTopics(options: OtherTopicsOptions): SharedTopics {
  const { limits, clock, mayShare } = options
  const met = new Set<string>()
  const answers = new Map<string, Answer>()
  const ask = async (topic: string, known: PinnedTopic | undefined, signal: AbortSignal): Promise<ProvidedTopic> => {
    if (options.own.has(topic)) throw refused(topic, 'is one of the pipeline itself')
    if (!met.has(topic) && met.size >= maxTopics) throw refused(topic, `is more than ${maxTopics} topics by one`)
    const found = await provided(topic, known, options, signal)
    // Another lane may have been quicker, and its answer is in use.
    const quicker = believed(topic)
    if (quicker !== undefined) return quicker
    met.add(topic)
    answers.set(topic, { topic: found, atMs: clock.monotonic() })
    return found
  }
  const believed = (topic: string): ProvidedTopic | undefined => {
    const answer = answers.get(topic)
    return answer !== undefined && clock.monotonic() - answer.atMs < believedForMs ? answer.topic : undefined
  }
  return {
    mayShare,
    learn: () => answers.clear(),
    provide: async (topic, known, signal) => {
      const { id, partitions } = believed(topic) ?? (await ask(topic, known, signal))
      try {
        return { id, partitions, maxRecordBytes: await limits.maxRecordBytes(topic, signal) }
      } catch (error) {
        if (!(error instanceof KafkaError) || error.errorName !== 'UNKNOWN_TOPIC_OR_PARTITION') throw error
        // Deleted meanwhile, or so new that not every broker knows it: made sure of again when the lane comes back.
        answers.delete(topic)
        throw error
      }
    },
  }
}

async function provided(
  topic: string,
  known: PinnedTopic | undefined,
  options: OtherTopicsOptions,
  signal: AbortSignal,
): Promise<ProvidedTopic> {
  try {
    options.topics.refuseReserved(topic)
    if (known === undefined) return await options.topics.provideRouted(topic, signal)
    const found = await lookFor(topic, options, signal)
    if (found === undefined) throw changedTopic(topic, known, undefined)
    return found
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof TailraceError && error.code === 'OUTPUT_TOPIC_CHANGED') throw error
    const isForTheLane =
      error instanceof TailraceError && error.policy !== 'refuse' && error.code !== 'KAFKA_AUTHORIZATION'
    if (isForTheLane || !(error instanceof TailraceError || error instanceof KafkaError)) throw error
    throw refused(topic, error.message, error)
  }
}

async function lookFor(
  topic: string,
  { topics, clock }: Pick<OtherTopicsOptions, 'topics' | 'clock'>,
  signal: AbortSignal,
): Promise<ProvidedTopic | undefined> {
  for (let look = 1; ; look++) {
    const found = await topics.look(topic, signal)
    if (found !== undefined) return { ...found, topic }
    if (look === looks) return undefined
    await clock.sleep(lookAgainMs, signal)
  }
}

function refused(topic: string, problem: string, cause?: Error): TailraceError {
  const text = `records are routed to topic ${topic}, which cannot be had: ${problem}`
  return new TailraceError('ROUTE_REFUSED', text, {
    ...(cause === undefined ? {} : { cause }),
    details: { topic },
  })
}
