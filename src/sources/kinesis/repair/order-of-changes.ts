import type { HeldChange, ItemMemory } from './item-memory.ts'

/** Of the changes that wait, the one that begins where the item was left; the oldest, where several do. */
export function nextInChain({ newest, held }: ItemMemory): HeldChange | undefined {
  const left = newest?.after
  if (left === undefined || held.length === 0) return undefined
  const next = held.filter(({ facts }) => facts.before() === left)
  return oldestOf(next)
}

/**
 * The change that comes first, as far as can be told: the oldest. Of several with one time the one that does not begin where
 * another of them ends; where images tell nothing, the one that came first.
 */
export function firstOf(held: readonly HeldChange[]): HeldChange | undefined {
  const oldest = oldestOf(held)
  if (oldest === undefined) return undefined
  const ties = held.filter(({ facts }) => facts.createdAtMicros === oldest.facts.createdAtMicros)
  if (ties.length === 1) return oldest
  const follows = (change: HeldChange): boolean =>
    ties.some(
      (other) => other !== change && other.facts.after() !== undefined && other.facts.after() === change.facts.before(),
    )
  return ties.find((change) => !follows(change)) ?? oldest
}

function oldestOf(changes: readonly HeldChange[]): HeldChange | undefined {
  let oldest: HeldChange | undefined
  for (const change of changes)
    if (oldest === undefined || change.facts.createdAtMicros < oldest.facts.createdAtMicros) oldest = change
  return oldest
}
