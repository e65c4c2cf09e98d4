import type { Rng } from '../../async/rng.ts'

/** How badly changes are delivered: DynamoDB promises neither once nor in order. */
export interface DeliveryFaults {
  /** Probability that a change is delivered once more, and again of that; of 10 % a change in a hundred comes three times. */
  readonly duplicates: number
  /** Probability that a change is delivered late, behind others that were made after it. */
  readonly delays: number
  /** The longest time from a change to any of its deliveries. Milliseconds. */
  readonly windowMs: number
}

/** Each change once, at once. */
export const faultless: DeliveryFaults = { duplicates: 0, delays: 0, windowMs: 0 }

const mostCopies = 4

/** How long after the change each of its deliveries is: at least one. Milliseconds, rising. */
export function deliveryDelays({ duplicates, delays, windowMs }: DeliveryFaults, rng: Rng): readonly number[] {
  let last = delays > 0 && rng.next() < delays ? rng.next() * windowMs : 0
  const all = [last]
  while (duplicates > 0 && all.length < mostCopies && rng.next() < duplicates) {
    last += rng.next() * (windowMs - last)
    all.push(last)
  }
  return all
}

/** What is to be delivered, by the time at which it is due; of one time, in the order in which it was added. */
export interface DeliveryQueue<T> {
  readonly size: number
  /** When the next one is due; undefined if there is none. */
  readonly nextDueMs: number | undefined
  add(dueMs: number, value: T): void
  /** Takes what is due, at most so many. */
  takeDue(nowMs: number, atMost?: number): readonly T[]
}

/** An empty queue. */
export function createDeliveryQueue<T>(): DeliveryQueue<T> {
  const waiting: { readonly dueMs: number; readonly value: T }[] = []
  return {
    get size() {
      return waiting.length
    },
    get nextDueMs() {
      return waiting[0]?.dueMs
    },
    add: (dueMs, value) => {
      // Nearly all are due at once, behind all the others.
      let at = waiting.length
      while (at > 0 && (waiting[at - 1]?.dueMs ?? 0) > dueMs) at--
      waiting.splice(at, 0, { dueMs, value })
    },
    takeDue: (nowMs, atMost = Number.POSITIVE_INFINITY) => {
      let count = 0
      while (count < waiting.length && count < atMost && (waiting[count]?.dueMs ?? 0) <= nowMs) count++
      return waiting.splice(0, count).map(({ value }) => value)
    },
  }
}
