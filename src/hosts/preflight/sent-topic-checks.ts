import type { TopicEntry } from '../../lanes/ledger-entry.ts'
import { isSameTopic } from '../../lanes/topic-pins.ts'
import { counted } from '../counted.ts'
import { changedTopic } from '../stages/pinned-topics.ts'
import { failed, passed } from './finding.ts'
import type { Finding } from './finding.ts'
import type { KafkaAccess } from './kafka-access.ts'
import { ask } from './preflight-parts.ts'

/**
 * Topics, besides the tables' own, that records were sent to: whether they are as they were then. Each is about the table that
 * would stop.
 */
export async function checkSentTopics(
  { kafka, parts }: KafkaAccess,
  sent: readonly TopicEntry[],
): Promise<readonly Finding[]> {
  if (sent.length === 0) return []
  try {
    const names = [...new Set(sent.map(({ topic }) => topic))]
    const present = await ask(parts, (signal) => kafka.topics(names, signal))
    return sent.map((entry) => {
      const { topic, tableArn: table } = entry
      const found = present.get(topic)
      const now = found === undefined ? undefined : { topicId: found.id, partitions: found.partitions }
      const check = `topic ${topic} (records were sent there)`
      if (now === undefined || !isSameTopic(entry, now))
        return { ...failed(check, changedTopic(topic, entry, now)), table }
      return { ...passed(check, counted(now.partitions, 'partition')), table }
    })
  } catch (error) {
    return [failed('topics that records were sent to', error)]
  }
}
