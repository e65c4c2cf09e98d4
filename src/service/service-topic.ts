import type { Clock } from '../async/clock.ts'
import { TailraceError } from '../errors.ts'
import { awaitTopic, createCompactedTopic, shortLogConfig } from '../kafka/compacted-topic.ts'
import type { KafkaApi, TopicInfo } from '../kafka/kafka.ts'

/** One of a service's topics, as it is to be made. */
export interface ServiceTopic {
  readonly name: string
  /** -1 = the broker's default. */
  readonly replicationFactor: number
  /** False where the topic must exist already. */
  readonly mayCreate: boolean
}

/** What looking for a topic needs. */
export interface TopicAccess {
  readonly kafka: KafkaApi
  readonly clock: Clock
}

/** The topic, made with one partition if it does not exist. Rejects with SERVICE_TOPIC_NOT_COMPACTED or TOPIC_MISSING. */
export async function admitServiceTopic(
  access: TopicAccess,
  topic: ServiceTopic,
  signal: AbortSignal,
): Promise<TopicInfo> {
  const { kafka } = access
  const found = (await kafka.topics([topic.name], signal)).get(topic.name) ?? (await makeTopic(access, topic, signal))
  const policy = (await kafka.topicConfig(topic.name, signal)).get('cleanup.policy')
  if (policy === 'compact') return found
  throw new TailraceError('SERVICE_TOPIC_NOT_COMPACTED', `topic ${topic.name} has cleanup.policy=${policy ?? '?'}`)
}

async function makeTopic(access: TopicAccess, topic: ServiceTopic, signal: AbortSignal): Promise<TopicInfo> {
  const { name, replicationFactor } = topic
  if (!topic.mayCreate) throw new TailraceError('TOPIC_MISSING', `topic ${name} does not exist`)
  await createCompactedTopic(access.kafka, { name, replicationFactor, partitions: 1, config: shortLogConfig }, signal)
  const created = await awaitTopic(access, name, signal)
  if (created !== undefined) return created
  // Not TOPIC_MISSING, which would end the process: the brokers are slow.
  throw new TailraceError('KAFKA_TIMEOUT', `topic ${name} was created but does not appear`)
}

/** One whose transactional id has ended a transaction has written its log, whatever is left of that. */
export async function refuseLostLog(
  kafka: KafkaApi,
  { topic, transactionalId }: { readonly topic: string; readonly transactionalId: string },
  signal: AbortSignal,
): Promise<void> {
  const isEmpty = async (): Promise<boolean> => (await kafka.offsets(topic, 0, signal)).highWatermark === 0n
  if (!(await isEmpty())) return
  const state = (await kafka.describeTransactions([transactionalId], signal)).get(transactionalId)?.state
  if (state !== 'CompleteCommit' && state !== 'CompleteAbort') return
  // Looked at again: another process's first start may have filled it in between.
  if (!(await isEmpty())) return
  const message = `${topic} is empty, although transactional id ${transactionalId} shows that the service ran before`
  throw new TailraceError('SERVICE_LOG_LOST', message)
}
