import type { ChangeFacts } from './arrival.ts'
import type { HeldChange, ItemMemory } from './item-memory.ts'

/** True for a change that begins with the image in which the last one of its item ended. */
export function nextIs(facts: ChangeFacts, { newest }: Pick<ItemMemory, 'newest'>): boolean {
  const left = newest?.after
  return left !== undefined && facts.before() === left
}

/** Older than what was handed out of its item; of two that share a time the chain of images decides, if it can. */
export function isOvertaken(facts: ChangeFacts, item: Pick<ItemMemory, 'newest'>): boolean {
  const { newest } = item
  if (newest === undefined || facts.createdAtMicros > newest.createdAtMicros) return false
  if (facts.createdAtMicros < newest.createdAtMicros) return true
  return !nextIs(facts, item) && newest.before !== undefined && facts.after() === newest.before
}

/**
 * Of the changes that wait, the one that comes first: the oldest. Of several with one time the one that begins where the item
 * was left, or does not begin where another of them ends; where images tell nothing, the one that came first.
 */
export function firstOf({ held, newest }: Pick<ItemMemory, 'held' | 'newest'>): HeldChange | undefined {
  const oldest = oldestOf(held)
  if (oldest === undefined || held.length === 1) return oldest
  const ties = held.filter(({ facts }) => facts.createdAtMicros === oldest.facts.createdAtMicros)
  if (ties.length === 1) return oldest
  const next = ties.find(({ facts }) => nextIs(facts, { newest }))
  return next ?? ties.find((change) => !ties.some((other) => other !== change && follows(change, other))) ?? oldest
}

function follows(change: HeldChange, other: HeldChange): boolean {
  const ending = other.facts.after()
  return ending !== undefined && ending === change.facts.before()
}

function oldestOf(changes: readonly HeldChange[]): HeldChange | undefined {
  let oldest: HeldChange | undefined
  for (const change of changes)
    if (oldest === undefined || change.facts.createdAtMicros < oldest.facts.createdAtMicros) oldest = change
  return oldest
}
