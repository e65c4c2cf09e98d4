import { TailraceError } from '../../errors.ts'
import { isSameTopic } from '../../lanes/topic-pins.ts'
import type { PinnedTopic, TopicPins } from '../../pipeline/stages.ts'
import type { OtherTopics, TopicFacts } from './stage-parts.ts'

/**
 * A topic besides the table's own, made ready for a page. Rejects with OUTPUT_TOPIC_CHANGED where it is not as it was when
 * records were sent there; else the page's pins hear of it.
 */
export async function providePinned(
  topic: string,
  { otherTopics, pins }: { readonly otherTopics: OtherTopics; readonly pins: TopicPins | undefined },
  signal: AbortSignal,
): Promise<TopicFacts> {
  const known = pins?.of(topic)
  const now = await otherTopics.provide(topic, known, signal)
  refuseOther(topic, known, now)
  pins?.meet(topic, { topicId: now.id, partitions: now.partitions })
  return now
}

function refuseOther(
  topic: string,
  known: PinnedTopic | undefined,
  { id, partitions }: { readonly id: string; readonly partitions: number },
): void {
  if (known === undefined || isSameTopic(known, { topicId: id, partitions })) return
  throw changedTopic(topic, known, { topicId: id, partitions })
}

/** The error that says what of a topic is not as it was; `now` is undefined for one that is gone. */
export function changedTopic(
  topic: string,
  known: PinnedTopic,
  now: { readonly topicId: string; readonly partitions: number } | undefined,
): TailraceError {
  const changes =
    now === undefined
      ? ['is gone']
      : [
          ...(known.partitions === now.partitions
            ? []
            : [`had ${known.partitions} partitions and has ${now.partitions} now`]),
          ...(known.topicId === undefined || known.topicId === now.topicId
            ? []
            : [`was made anew: it had the id ${known.topicId} and has ${now.topicId} now`]),
        ]
  const text = `topic ${topic}, which records were sent to, ${changes.join(', and ')}`
  return new TailraceError('OUTPUT_TOPIC_CHANGED', text, { details: { topic } })
}
