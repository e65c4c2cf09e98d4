import type { Clock } from '../async/clock.ts'
import { TailraceError } from '../errors.ts'
import type { KafkaApi, NewTopic, TopicInfo } from './kafka.ts'
import { KafkaError } from './kafka.ts'

/**
 * For topics that are read whole at a start: small segments let compaction keep them short. Tombstones and markers stay long enough for the slowest
 * reader of a start-up, and no longer: where every batch is a transaction, markers are what a partition is full of
 * (`npm run bench -- lambda-positions`).
 */
export const shortLogConfig: Readonly<Record<string, string>> = {
  'cleanup.policy': 'compact',
  'segment.bytes': String(1024 * 1024),
  'min.cleanable.dirty.ratio': '0.1',
  'max.compaction.lag.ms': String(6 * 3_600_000),
  'delete.retention.ms': String(3_600_000),
}

/**
 * Makes a topic that keeps the newest record of every key; false if somebody else was quicker. Services of Kafka have bounds of their own for how a
 * topic is kept short; all that must be is that it is compacted, so what is refused is asked for once more without the rest.
 */
export async function createCompactedTopic(kafka: KafkaApi, topic: NewTopic, signal: AbortSignal): Promise<boolean> {
  try {
    await createEitherWay(kafka, topic, signal)
    return true
  } catch (error) {
    if (error instanceof KafkaError && error.errorName === 'TOPIC_ALREADY_EXISTS') return false
    throw error
  }
}

/** Waits until a topic that was just made is known: not every broker knows it at once. Undefined if it does not appear within ten seconds. */
export async function awaitTopic(
  { kafka, clock }: { readonly kafka: KafkaApi; readonly clock: Clock },
  name: string,
  signal: AbortSignal,
): Promise<TopicInfo | undefined> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const created = (await kafka.topics([name], signal)).get(name)
    if (created !== undefined && created.partitions > 0) return created
    await clock.sleep(100, signal)
  }
  return undefined
}

async function createEitherWay(kafka: KafkaApi, topic: NewTopic, signal: AbortSignal): Promise<void> {
  try {
    await kafka.createTopic(topic, signal)
  } catch (error) {
    if (!isBeyondBounds(error)) throw error
    const { 'cleanup.policy': policy = 'compact' } = topic.config
    await kafka.createTopic({ ...topic, config: { 'cleanup.policy': policy } }, signal)
  }
}

function isBeyondBounds(error: unknown): boolean {
  if (!(error instanceof TailraceError)) return false
  const { errorName } = error.details
  return errorName === 'INVALID_CONFIG' || errorName === 'POLICY_VIOLATION'
}
