import { TailraceError } from '../../errors.ts'
import type { KafkaRight } from '../../kafka/cluster-inspector.ts'
import { counted } from '../counted.ts'
import { failed, passed, warning } from './finding.ts'
import type { Finding } from './finding.ts'
import { missingRights } from './kafka-access.ts'
import type { KafkaAccess } from './kafka-access.ts'
import { ask } from './preflight-parts.ts'
import { checkMissingTopic } from './topic-settings.ts'

/** The topics of signals, notifications and heartbeats, where they are used. */
export async function checkSignalTopics(access: KafkaAccess): Promise<readonly Finding[]> {
  const { topic, notificationTopic } = access.config.signals
  const heartbeats = access.config.heartbeats?.topic
  return [
    ...(topic === undefined ? [] : await checkTopic(access, topic, ['READ', 'DESCRIBE'], 'signals')),
    ...(notificationTopic === undefined
      ? []
      : await checkTopic(access, notificationTopic, ['WRITE', 'DESCRIBE'], 'notifications')),
    ...(heartbeats === undefined ? [] : await checkTopic(access, heartbeats, ['WRITE', 'DESCRIBE'], 'heartbeats')),
  ]
}

async function checkTopic(
  access: KafkaAccess,
  name: string,
  needed: readonly KafkaRight[],
  use: 'signals' | 'notifications' | 'heartbeats',
): Promise<readonly Finding[]> {
  const { config, inspector, parts } = access
  const isRead = needed.includes('READ')
  const check = `topic ${name}`
  try {
    const topic = await ask(parts, (signal) => inspector.topic(name, signal))
    if (topic === undefined) {
      const { replicationFactor } = config.topic
      const properties = { 'cleanup.policy': 'delete' }
      return [await checkMissingTopic(access, check, { name, partitions: 1, replicationFactor, config: properties })]
    }
    const missing = missingRights(check, needed, topic.rights)
    if (missing.length > 0) return missing
    return [
      passed(check, `${use}, ${counted(topic.partitions, 'partition')}`),
      ...(isRead ? await checkCleanup(access, check, name) : []),
    ]
  } catch (error) {
    return [failed(check, error)]
  }
}

/** All signals of a pipeline have one key: compaction would keep the last one only. */
async function checkCleanup({ kafka, parts }: KafkaAccess, check: string, name: string): Promise<readonly Finding[]> {
  try {
    const config = await ask(parts, (signal) => kafka.topicConfig(name, signal))
    if (config.get('cleanup.policy')?.includes('compact') !== true) return []
    return [
      warning(check, 'it is compacted: of signals that wait only the last one stays', 'Set cleanup.policy=delete.'),
    ]
  } catch (error) {
    if (error instanceof TailraceError && error.code === 'KAFKA_AUTHORIZATION') return []
    throw error
  }
}
