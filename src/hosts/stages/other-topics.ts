import { TailraceError } from '../../errors.ts'
import { KafkaError } from '../../kafka/kafka.ts'
import type { TopicLimits } from '../../pipeline/topic-limits.ts'
import type { TopicProvisioner } from '../../pipeline/topic-provisioner.ts'
import type { OtherTopics } from './stage-parts.ts'

/** A topic made of an attribute with too many values would make as many topics, which no cluster bears. */
const maxTopics = 1_000

/** What routed topics are made with. */
export interface OtherTopicsOptions {
  readonly topics: Pick<TopicProvisioner, 'provideRouted'>
  readonly limits: Pick<TopicLimits, 'maxRecordBytes'>
  /** Topics of the pipeline itself: its ledger, its signals. */
  readonly own: ReadonlySet<string>
  readonly mayShare: boolean
}

/**
 * Topics that changes are routed to. A topic's partition count is asked for once and stays for as long as the process
 * lives: items must not move. What stops the table is ROUTE_REFUSED.
 */
export function createOtherTopics({ topics, limits, own, mayShare }: OtherTopicsOptions): OtherTopics {
  const partitionsOf = new Map<string, number>()
  const look = async (topic: string, signal: AbortSignal): Promise<number> => {
    if (own.has(topic)) throw refused(topic, 'is one of the pipeline itself')
    if (partitionsOf.size >= maxTopics) throw refused(topic, `is more than ${maxTopics} topics by one`)
    const { partitions } = await provided(topic, topics, signal)
    // Another lane may have been quicker, and its answer is in use.
    const pinned = partitionsOf.get(topic) ?? partitions
    partitionsOf.set(topic, pinned)
    return pinned
  }
  return {
    mayShare,
    provide: async (topic, signal) => {
      const partitions = partitionsOf.get(topic) ?? (await look(topic, signal))
      try {
        return { partitions, maxRecordBytes: await limits.maxRecordBytes(topic, signal) }
      } catch (error) {
        if (!(error instanceof KafkaError) || error.errorName !== 'UNKNOWN_TOPIC_OR_PARTITION') throw error
        // Deleted meanwhile, or so new that not every broker knows it: made sure of again when the lane comes back.
        const { partitions: found } = await provided(topic, topics, signal)
        if (found !== partitions) throw refused(topic, `has ${found} partitions and had ${partitions}`, error)
        throw error
      }
    },
  }
}

async function provided(
  topic: string,
  topics: OtherTopicsOptions['topics'],
  signal: AbortSignal,
): ReturnType<TopicProvisioner['provideRouted']> {
  try {
    return await topics.provideRouted(topic, signal)
  } catch (error) {
    signal.throwIfAborted()
    const isForTheLane =
      error instanceof TailraceError && error.policy !== 'refuse' && error.code !== 'KAFKA_AUTHORIZATION'
    if (isForTheLane || !(error instanceof TailraceError || error instanceof KafkaError)) throw error
    throw refused(topic, error.message, error)
  }
}

function refused(topic: string, problem: string, cause?: Error): TailraceError {
  const text = `records are routed to topic ${topic}, which cannot be had: ${problem}`
  return new TailraceError('ROUTE_REFUSED', text, {
    ...(cause === undefined ? {} : { cause }),
    details: { topic },
  })
}
