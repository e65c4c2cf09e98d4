import type { Clock } from '../async/clock.ts'
import { TailraceError } from '../errors.ts'
import { awaitTopic, createCompactedTopic, shortLogConfig } from '../kafka/compacted-topic.ts'
import type { KafkaApi, TopicInfo } from '../kafka/kafka.ts'
import { createMarkerReader } from '../kafka/marker-reader.ts'
import { createKnownProcesses } from './known-processes.ts'

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

/** What shows that a service ran before. */
export interface ServiceTraces {
  readonly group: string
  readonly transactionalId: string
  /** The topic of the reports; it need not exist. */
  readonly reportsTopic: string
}

/**
 * Rejects with SERVICE_LOG_LOST if the topic is empty, although its service has had a log: the transactional id has ended a transaction, or, where Kafka
 * has forgotten that (`transactional.id.expiration.ms`), a process has told of a connector that it runs.
 */
export async function refuseLostLog(
  kafka: KafkaApi,
  { topic, ...traces }: ServiceTraces & { readonly topic: string },
  signal: AbortSignal,
): Promise<void> {
  const isEmpty = async (): Promise<boolean> => (await kafka.offsets(topic, 0, signal)).highWatermark === 0n
  if (!(await isEmpty())) return
  const trace = await traceOf(kafka, traces, signal)
  if (trace === undefined) return
  // Looked at again: another process's first start may have filled it in between.
  if (!(await isEmpty())) return
  throw new TailraceError('SERVICE_LOG_LOST', `${topic} is empty, although ${trace} shows that the service ran before`)
}

async function traceOf(
  kafka: KafkaApi,
  { group, transactionalId, reportsTopic }: ServiceTraces,
  signal: AbortSignal,
): Promise<string | undefined> {
  const state = (await kafka.describeTransactions([transactionalId], signal)).get(transactionalId)?.state
  if (state === 'CompleteCommit' || state === 'CompleteAbort') return `transactional id ${transactionalId}`
  const { partitions = 0 } = (await kafka.topics([reportsTopic], signal)).get(reportsTopic) ?? {}
  const known = createKnownProcesses(group, '')
  for (let partition = 0; partition < partitions; partition++) {
    const { highWatermark } = await kafka.offsets(reportsTopic, partition, signal)
    const reader = createMarkerReader({ kafka, topic: reportsTopic, partition })
    known.take(partition, await reader.readTo(highWatermark, signal), 0)
  }
  const running = known.living(Infinity).find(({ runs }) => runs.size > 0)
  return running === undefined ? undefined : `what process ${running.process} tells in ${reportsTopic}`
}
