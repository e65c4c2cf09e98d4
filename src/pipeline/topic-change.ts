import { TailraceError } from '../errors.ts'
import type { TableEntry } from '../lanes/ledger-entry.ts'
import type { TopicProvisioner } from './topic-provisioner.ts'

/** An item's changes would stand in two topics, in no order to each other: TOPIC_RENAMED. */
export function refuseRenaming({ nameOf }: Pick<TopicProvisioner, 'nameOf'>, known: TableEntry): void {
  const configured = nameOf(known.table)
  if (configured === known.topic) return
  throw new TailraceError(
    'TOPIC_RENAMED',
    `table ${known.table.name} goes to topic ${known.topic}; the configuration says ${configured} now`,
  )
}

/**
 * With other partitions items would move and lose their order; in a topic that was made anew everything that counts as
 * delivered is gone. Better to stop than to absorb either: TOPIC_MISSING, TOPIC_REPLACED, TOPIC_PARTITIONS_CHANGED. Returns
 * the topic's id.
 */
export async function refuseTopicChange(
  topics: Pick<TopicProvisioner, 'look'>,
  known: TableEntry,
  signal: AbortSignal,
): Promise<string> {
  const { topic, topicPartitions } = known
  if (topic === '') return ''
  const now = await topics.look(topic, signal)
  const was = `topic ${topic} of table ${known.table.name} had ${topicPartitions} partitions`
  if (now === undefined) throw new TailraceError('TOPIC_MISSING', `${was} and is gone`)
  if (known.topicId !== undefined && now.id !== known.topicId) {
    const ids = `it had the id ${known.topicId} and has ${now.id} now`
    throw new TailraceError('TOPIC_REPLACED', `topic ${topic} of table ${known.table.name} was made anew: ${ids}`)
  }
  if (now.partitions === topicPartitions) return now.id
  throw new TailraceError('TOPIC_PARTITIONS_CHANGED', `${was} and has ${now.partitions} now`)
}
