import type { Table } from '../../change/table.ts'
import { TailraceError } from '../../errors.ts'
import { topicRulesOf } from '../record-way.ts'
import { counted } from '../counted.ts'
import { newDeadLetterTopic } from '../dead-letters/dead-letters-of.ts'
import { failed, passed } from './finding.ts'
import type { Finding } from './finding.ts'
import { missingRights } from './kafka-access.ts'
import type { KafkaAccess } from './kafka-access.ts'
import { ask } from './preflight-parts.ts'
import { checkDurability, checkMissingTopic, checkRetention } from './topic-settings.ts'

/** The dead-letter topic, where rejected records go there, all or some: it must be there, or be possible, before the first one. */
export async function checkDeadLetterTopic(access: KafkaAccess, tables: readonly Table[]): Promise<readonly Finding[]> {
  const { config, inspector, parts } = access
  const isUsed =
    config.errors.tolerance === 'all' ||
    config.oversize.strategies.includes('dead-letter') ||
    config.recordSchemas.evolution === 'dead-letter'
  if (!isUsed) return []
  const wanted = newDeadLetterTopic(config)
  const { name } = wanted
  const check = `topic ${name}`
  const owner = tables.find((table) => topicRulesOf(config).nameOf(table) === name)
  if (owner !== undefined) {
    return [failed(check, new TailraceError('DEAD_LETTER_UNWRITABLE', `${name} is the topic of table ${owner.name}`))]
  }
  try {
    const topic = await ask(parts, (signal) => inspector.topic(name, signal))
    if (topic === undefined) {
      const { retentionMs } = config.errors.deadLetters
      return [await checkMissingTopic(access, check, wanted), ...checkRetention(check, 'delete', retentionMs)]
    }
    const problems = [
      ...missingRights(check, ['WRITE', 'DESCRIBE'], topic.rights),
      ...(await checkCleanup(access, name)),
    ]
    const unsafe = await checkDurability(access, check, name, topic)
    if (problems.length > 0) return [...problems, ...unsafe]
    return [passed(check, `dead letters, ${counted(topic.partitions, 'partition')}`), ...unsafe]
  } catch (error) {
    return [failed(check, error)]
  }
}

/** Of a letter in several parts, which have one key, compaction would keep the last one. */
async function checkCleanup({ kafka, parts }: KafkaAccess, name: string): Promise<readonly Finding[]> {
  try {
    const config = await ask(parts, (signal) => kafka.topicConfig(name, signal))
    if (config.get('cleanup.policy')?.includes('compact') !== true) return []
    const why = `topic ${name} is compacted; dead letters need cleanup.policy=delete`
    return [failed(`topic ${name}`, new TailraceError('DEAD_LETTER_UNWRITABLE', why))]
  } catch (error) {
    if (error instanceof TailraceError && error.code === 'KAFKA_AUTHORIZATION') return []
    throw error
  }
}
