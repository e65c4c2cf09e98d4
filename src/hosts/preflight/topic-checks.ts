import type { Table } from '../../change/table.ts'
import { TailraceError } from '../../errors.ts'
import type { InspectedTopic } from '../../kafka/cluster-inspector.ts'
import type { TableEntry } from '../../lanes/ledger-entry.ts'
import { createTopicProvisioner } from '../../pipeline/topic-provisioner.ts'
import type { TopicProvisioner } from '../../pipeline/topic-provisioner.ts'
import { counted } from '../counted.ts'
import { topicRulesOf } from '../record-way.ts'
import { refusingMaskedKeys } from '../stages/change-steps.ts'
import { failed, passed } from './finding.ts'
import type { Finding } from './finding.ts'
import { missingRights } from './kafka-access.ts'
import type { KafkaAccess } from './kafka-access.ts'
import { ask } from './preflight-parts.ts'
import { checkChunking, checkDurability, checkMissingTopic, checkRetention } from './topic-settings.ts'

/** The topics of the tables that were found at the source, and of those that the ledger knows besides. */
export async function checkTopics(
  access: KafkaAccess,
  found: readonly Table[],
  known: readonly TableEntry[],
): Promise<readonly Finding[]> {
  const rules = topicRulesOf(access.config, access.parts.isTaken)
  const { clock } = access.parts
  const provisioner = createTopicProvisioner(access.kafka, rules, { clock, onEvent: () => undefined })
  const findings: Finding[] = []
  const entries = new Map(known.map((entry) => [entry.table.arn, entry]))
  const isNew = ({ arn }: Table): boolean => !entries.has(arn)
  try {
    refusingMaskedKeys(provisioner, access.config.changes).refuseCollisions(found)
  } catch (error) {
    findings.push({ ...failed('topics', error), isAboutNewTable: found.some(isNew) })
  }
  const topics = new Map<string, TableEntry | undefined>(known.map((entry) => [entry.topic, entry]))
  const newTopics = new Set(found.filter(isNew).map(rules.nameOf))
  for (const topic of newTopics) if (!topics.has(topic)) topics.set(topic, undefined)
  const { source } = access.config
  if (source.type === 'kinesis' && source.foreign.policy === 'pass') topics.set(source.foreign.topic, undefined)
  // Of a stream whose changes go to the topics of their tables.
  topics.delete('')
  for (const [topic, entry] of topics) {
    const isAboutNewTable = entry === undefined && newTopics.has(topic)
    const reserved = checkReserved(provisioner, topic, entry)
    const about = reserved === undefined ? await checkTopic(access, topic, entry) : [reserved]
    for (const finding of about) findings.push(isAboutNewTable ? { ...finding, isAboutNewTable } : finding)
  }
  return findings
}

function checkReserved(
  { refuseReserved }: Pick<TopicProvisioner, 'refuseReserved'>,
  topic: string,
  entry: TableEntry | undefined,
): Finding | undefined {
  try {
    refuseReserved(topic)
    return undefined
  } catch (error) {
    const finding = failed(`topic ${topic}`, error)
    return entry === undefined ? finding : { ...finding, table: entry.table.arn }
  }
}

async function checkTopic(
  access: KafkaAccess,
  name: string,
  entry: TableEntry | undefined,
): Promise<readonly Finding[]> {
  const check = `topic ${name}`
  const { config, inspector, parts } = access
  const { partitions, replicationFactor, config: properties } = topicRulesOf(config)
  const of = (finding: Finding): Finding => (entry === undefined ? finding : { ...finding, table: entry.table.arn })
  try {
    const topic = await ask(parts, (signal) => inspector.topic(name, signal))
    if (topic === undefined && entry !== undefined) {
      const why = `topic ${name} of table ${entry.table.name} had ${entry.topicPartitions} partitions and is gone`
      return [of(failed(check, new TailraceError('TOPIC_MISSING', why)))]
    }
    if (topic === undefined) {
      const retention = checkRetention(check, config.topic.cleanupPolicy, config.topic.retentionMs)
      return [
        await checkMissingTopic(access, check, { name, partitions, replicationFactor, config: properties }),
        ...retention,
      ]
    }
    const problems = [
      ...missingRights(check, ['WRITE', 'DESCRIBE'], topic.rights),
      ...checkPartitions(check, name, topic, entry),
      ...(await checkChunking(access, check, name)),
    ]
    const unsafe = await checkDurability(access, check, name, topic)
    return problems.length > 0 || unsafe.some(({ status }) => status === 'failed')
      ? [...problems.map(of), ...unsafe]
      : [passed(check, `${counted(topic.partitions, 'partition')}, ${counted(topic.replicas, 'replica')}`), ...unsafe]
  } catch (error) {
    return [failed(check, error)]
  }
}

function checkPartitions(
  check: string,
  name: string,
  topic: InspectedTopic,
  entry: TableEntry | undefined,
): readonly Finding[] {
  if (entry === undefined || entry.topicPartitions === topic.partitions) return []
  const why = `topic ${name} of table ${entry.table.name} had ${entry.topicPartitions} partitions and has ${topic.partitions} now`
  return [failed(check, new TailraceError('TOPIC_PARTITIONS_CHANGED', why))]
}
