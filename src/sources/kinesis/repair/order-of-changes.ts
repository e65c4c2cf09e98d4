import { absent } from './arrival.ts'
import type { ChangeFacts } from './arrival.ts'
import type { HeldChange, ImageLink, ItemMemory, NewestChange } from './remembered-item.ts'

/** True for a change that begins with the image in which the last one of its item ended. */
export function nextIs(facts: ChangeFacts, { newest }: Pick<ItemMemory, 'newest'>): boolean {
  const left = newest?.left
  return left !== undefined && facts.before() === left
}

/** True for a change that nothing says is not the next one: the first that is met of its item, too. */
export function mayBeNext(facts: ChangeFacts, item: Pick<ItemMemory, 'newest'>): boolean {
  return item.newest === undefined || nextIs(facts, item)
}

/** True for a change of which that is proven: an image says more than that there is none, as after every delete. */
export function isProven(facts: ChangeFacts, item: Pick<ItemMemory, 'newest'>): boolean {
  return item.newest?.left !== absent && nextIs(facts, item)
}

/** Older than what was handed out of its item; of two that share a time the chain of images decides, if it can. */
export function isOvertaken(facts: ChangeFacts, item: Pick<ItemMemory, 'newest'>): boolean {
  const { newest } = item
  if (newest === undefined || facts.createdAtMicros > newest.createdAtMicros) return false
  if (facts.createdAtMicros < newest.createdAtMicros) return true
  const ending = facts.after()
  return ending !== undefined && !nextIs(facts, item) && linksOf(newest).some(({ before }) => before === ending)
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

/** What is newest of an item when a change has been handed out in order. */
export function newestWith(facts: ChangeFacts, newest: NewestChange | undefined): NewestChange {
  const createdAtMicros = Math.max(facts.createdAtMicros, newest?.createdAtMicros ?? 0)
  const [before, after] = [facts.before(), facts.after()]
  const others = newest?.createdAtMicros === createdAtMicros ? linksOf(newest) : none
  return { createdAtMicros, left: after, before, after, others }
}

/** The same when it was overtaken: what ends where it begins was, too. */
export function newestBehind(facts: ChangeFacts, newest: NewestChange): NewestChange {
  if (facts.createdAtMicros !== newest.createdAtMicros) return newest
  return { ...newest, others: [...newest.others, { before: facts.before(), after: facts.after() }] }
}

/** The same for a change that was dealt with before, nobody knows in which order: of one time, the end of the chain is newest. */
export function newestRecalled(facts: ChangeFacts, newest: NewestChange | undefined): NewestChange {
  if (newest !== undefined && facts.createdAtMicros < newest.createdAtMicros) return newest
  const joined = newestWith(facts, newest)
  const links = linksOf(joined)
  const ends = links.filter(({ after }, at) => !links.some(({ before }, other) => other !== at && before === after))
  return ends.length === 1 ? { ...joined, left: ends[0]?.after } : joined
}

const none: readonly ImageLink[] = []

/** All that are dealt with of the newest one's time. */
function linksOf({ before, after, others }: NewestChange): readonly ImageLink[] {
  return [...others, { before, after }]
}
