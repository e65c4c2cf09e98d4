import { streamRetentionMs } from '../../change/retention.ts'
import { TailraceError } from '../../errors.ts'
import type { InspectedTopic } from '../../kafka/cluster-inspector.ts'
import type { NewTopic } from '../../kafka/kafka.ts'
import { counted } from '../counted.ts'
import { failed, passed, warning } from './finding.ts'
import type { Finding } from './finding.ts'
import type { KafkaAccess } from './kafka-access.ts'
import { ask } from './preflight-parts.ts'

/** A topic that does not exist: may it be created, and would the cluster do it? */
export async function checkMissingTopic(access: KafkaAccess, check: string, wanted: NewTopic): Promise<Finding> {
  const { config, inspector, parts } = access
  if (!config.topic.create) {
    return failed(
      check,
      new TailraceError('TOPIC_MISSING', `topic ${wanted.name} does not exist, and topic.create is off`),
    )
  }
  const refusal = await ask(parts, (signal) => inspector.refusalOf(wanted, signal))
  if (refusal !== undefined) return failed(check, refusal)
  return passed(check, `does not exist; it will be created with ${counted(wanted.partitions, 'partition')}`)
}

/** Settings with which acknowledged records can be lost, or are deleted soon. */
export async function checkDurability(
  { kafka, parts }: KafkaAccess,
  check: string,
  name: string,
  { replicas }: InspectedTopic,
): Promise<readonly Finding[]> {
  let config: ReadonlyMap<string, string>
  try {
    config = await ask(parts, (signal) => kafka.topicConfig(name, signal))
  } catch (error) {
    if (!(error instanceof TailraceError) || error.code !== 'KAFKA_AUTHORIZATION') throw error
    return [warning(check, 'its settings may not be read, so they are not checked', 'Grant DESCRIBE_CONFIGS.')]
  }
  const findings: Finding[] = []
  const minimum = Number(config.get('min.insync.replicas') ?? 1)
  if (replicas >= 3 && minimum < 2) {
    const what = `min.insync.replicas is ${minimum} of ${replicas}: acknowledged records can be lost with one broker`
    findings.push(warning(check, what, 'Set min.insync.replicas=2 on the topic.'))
  }
  return [
    ...findings,
    ...checkRetention(check, config.get('cleanup.policy') ?? 'delete', Number(config.get('retention.ms') ?? -1)),
  ]
}

/** A topic that would keep only the last part of a value that is cut. What may not be read is not known to be wrong. */
export async function checkChunking(
  { kafka, parts, config: { oversize } }: KafkaAccess,
  check: string,
  name: string,
): Promise<readonly Finding[]> {
  if (!oversize.strategies.includes('chunk')) return []
  try {
    const config = await ask(parts, (signal) => kafka.topicConfig(name, signal))
    if (config.get('cleanup.policy')?.includes('compact') !== true) return []
  } catch (error) {
    if (!(error instanceof TailraceError) || error.code !== 'KAFKA_AUTHORIZATION') throw error
    return []
  }
  const why = `topic ${name} is compacted, and oversize.strategy: chunk would lose all parts of a value but the last`
  return [failed(check, new TailraceError('OVERSIZE_COMPACTED', why))]
}

/** A topic that forgets sooner than its source. */
export function checkRetention(check: string, cleanupPolicy: string, retentionMs: number): readonly Finding[] {
  if (!cleanupPolicy.includes('delete') || retentionMs < 0 || retentionMs >= streamRetentionMs) return []
  const what = `retention.ms is ${retentionMs}: less than the 24 hours for which streams keep changes at least`
  return [warning(check, what, 'Raise retention.ms on the topic.')]
}
