import type { TopicInfo } from '../../kafka/kafka.ts'
import type { SignalEntry } from '../../lanes/ledger-entry.ts'

/** A partition whose reading begins, and where. */
export interface BegunPlace {
  readonly partition: number
  readonly generation: number
  /** `end`: what stands there now is not for this pipeline. */
  readonly from: 'start' | 'end'
}

/**
 * Where reading begins in partitions of which the ledger says nothing, or something of another topic. The first time of
 * all it is the end: signals from before the pipeline are not meant for it. What comes later, a topic that was made anew or
 * further partitions of it, is read from its start.
 */
export function placesToBegin({ id, partitions }: TopicInfo, known: readonly SignalEntry[]): readonly BegunPlace[] {
  const newest = Math.max(0, ...known.map(({ generation }) => generation))
  const own = new Map(known.filter(({ topicId }) => topicId === id).map((entry) => [entry.partition, entry]))
  const generation = own.size > 0 ? newest : newest + 1
  const from = known.length === 0 ? 'end' : 'start'
  return Array.from({ length: partitions }, (_, partition) => ({ partition, generation, from }) as const).filter(
    ({ partition }) => !own.has(partition),
  )
}

/** True if something was read of another topic of this name: its signals may be lost. */
export function isMadeAnew({ id }: TopicInfo, known: readonly SignalEntry[]): boolean {
  return known.some(({ topicId }) => topicId !== undefined) && !known.some(({ topicId }) => topicId === id)
}
