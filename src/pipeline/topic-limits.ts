import { TailraceError } from '../errors.ts'
import type { KafkaApi } from '../kafka/kafka.ts'
import { abandon, orAbandon } from './attachments.ts'
import type { RowOutput } from './stages.ts'

/** The largest record that a topic takes: as the cluster says, or as it has shown by refusing one. */
export interface TopicLimits {
  /** Bytes; asks the cluster the first time and whenever it was told to look again. */
  maxRecordBytes(topic: string, signal: AbortSignal): Promise<number>
  /** The same, asked anew: before a record is refused, because the limit may have been raised. */
  maxRecordBytesNow(topic: string, signal: AbortSignal): Promise<number>
  /** What is known without asking. */
  known(topic: string): number | undefined
  /** All topics are asked about anew: something went wrong, and limits may have been lowered. */
  lookAgain(): void
  /**
   * The cluster has refused a single change of this size although its limit seemed to allow it. Such changes are too large
   * from now on, until the cluster names another limit than it did then.
   */
  refused(topic: string, bytes: number): void
}

/** Kafka's default of `message.max.bytes`, used where the topic's configuration may not be read. */
const kafkaDefaultBytes = 1_048_588

export function createTopicLimits(kafka: KafkaApi): TopicLimits {
  const named = new Map<string, number>()
  const lastNamed = new Map<string, number>()
  const shown = new Map<string, { readonly bytes: number; readonly named: number | undefined }>()
  const ask = async (topic: string, signal: AbortSignal): Promise<number> => {
    const limit = await askLimit(kafka, topic, signal)
    named.set(topic, limit)
    lastNamed.set(topic, limit)
    return withWhatWasShown(topic, limit)
  }
  const withWhatWasShown = (topic: string, limit: number): number => {
    const refusal = shown.get(topic)
    if (refusal === undefined) return limit
    if (refusal.named === limit) return Math.min(limit, refusal.bytes - 1)
    shown.delete(topic)
    return limit
  }
  return {
    maxRecordBytes: async (topic, signal) => {
      const known = named.get(topic)
      return known === undefined ? ask(topic, signal) : withWhatWasShown(topic, known)
    },
    maxRecordBytesNow: ask,
    known: (topic) => {
      const limit = lastNamed.get(topic)
      return limit === undefined ? undefined : withWhatWasShown(topic, limit)
    },
    lookAgain: () => named.clear(),
    refused: (topic, bytes) => void shown.set(topic, { bytes, named: lastNamed.get(topic) }),
  }
}

async function askLimit(kafka: KafkaApi, topic: string, signal: AbortSignal): Promise<number> {
  try {
    const config = await kafka.topicConfig(topic, signal)
    return Number(config.get('max.message.bytes') ?? kafkaDefaultBytes)
  } catch (error) {
    // Reading a topic's configuration is a right of its own, which a producer does not need.
    if (error instanceof TailraceError && error.code === 'KAFKA_AUTHORIZATION') return kafkaDefaultBytes
    throw error
  }
}

/**
 * What only the broker found too large must not put whoever writes in doubt for ever: the next attempt knows better, and refuses it
 * by name. Other limits may have been lowered; asking again costs a request per topic.
 */
export function learnLimits(limits: TopicLimits, { code, details: { topic, bytes } }: TailraceError): void {
  if (code === 'RECORD_TOO_LARGE' && typeof topic === 'string' && typeof bytes === 'number')
    limits.refused(topic, bytes)
  limits.lookAgain()
}

/**
 * Converts for a topic. What was called too large is looked at again if the topic takes more by now.
 */
export async function convertWithin<T extends Pick<RowOutput, 'failure' | 'attachments' | 'left' | 'hasOversized'>>(
  limits: TopicLimits,
  topic: string,
  process: (maxRecordBytes: number) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const known = await limits.maxRecordBytes(topic, signal)
  const output = await process(known)
  const isTooLarge = ({ code }: { readonly code: string }): boolean => code === 'RECORD_TOO_LARGE'
  const hasRefused = output.failure?.code === 'RECORD_TOO_LARGE' || output.left.rejected.some(isTooLarge)
  if (!hasRefused && output.hasOversized !== true) return output
  // A routed record has the limit of the topic that it goes to.
  const other = output.failure?.code === 'RECORD_TOO_LARGE' ? output.failure.details['topic'] : undefined
  const isRouted = typeof other === 'string' && other !== topic
  const [before, present] = await orAbandon(output.attachments, async () => [
    isRouted ? await limits.maxRecordBytes(other, signal) : known,
    await limits.maxRecordBytesNow(isRouted ? other : topic, signal),
  ])
  if (present <= before) return output
  abandon(output.attachments)
  return process(isRouted ? known : present)
}
