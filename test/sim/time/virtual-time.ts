import type { Rng } from '../../../src/async/rng.ts'

/**
 * Simulated time: a queue of what is to happen. Nothing happens by itself; `run` takes the next event, moves time to it,
 * lets everything that follows from it run to its end, and takes the next one. Events of one moment come in an order
 * that the seed decides, so that every interleaving is possible and each run is repeatable.
 */
export interface VirtualTime {
  /** Milliseconds since the run began. */
  readonly elapsedMs: number
  /** Events that have happened. */
  readonly events: number
  /** Calls `happen` after `ms`. The returned function calls it off. */
  after(ms: number, happen: () => void): () => void
  /** Goes on until `isOver` or until time has reached `untilMs`; false if `untilMs` came first. */
  run(isOver: () => boolean, untilMs: number): Promise<boolean>
}

interface TimedEvent {
  readonly dueMs: number
  readonly lot: number
  readonly serial: number
  readonly happen: () => void
  isCalledOff: boolean
}

/** Time that stands at zero. */
export function createVirtualTime(rng: Rng): VirtualTime {
  const queue = createEventQueue()
  let elapsedMs = 0
  let serial = 0
  let events = 0
  return {
    get elapsedMs() {
      return elapsedMs
    },
    get events() {
      return events
    },
    after: (ms, happen) => {
      const dueMs = elapsedMs + Math.max(0, ms)
      const event: TimedEvent = { dueMs, lot: rng.next(), serial: serial++, happen, isCalledOff: false }
      queue.push(event)
      return () => void (event.isCalledOff = true)
    },
    run: async (isOver, untilMs) => {
      await settled()
      while (!isOver()) {
        const event = queue.peek()
        if (event === undefined || event.dueMs > untilMs) {
          elapsedMs = Math.max(elapsedMs, untilMs)
          return false
        }
        queue.pop()
        if (event.isCalledOff) continue
        elapsedMs = event.dueMs
        events++
        event.happen()
        await settled()
      }
      return true
    },
  }
}

/** One turn of the event loop: every promise that is decided by now has run its course, and what followed from it. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

interface EventQueue {
  push(event: TimedEvent): void
  peek(): TimedEvent | undefined
  pop(): TimedEvent | undefined
}

/** A binary heap: runs hold thousands of sleepers. */
function createEventQueue(): EventQueue {
  const heap: TimedEvent[] = []
  const isBefore = (a: number, b: number): boolean => {
    const one = heap[a]
    const other = heap[b]
    return one !== undefined && other !== undefined && comesFirst(one, other)
  }
  const swap = (a: number, b: number): void => {
    const one = heap[a]
    const other = heap[b]
    if (one === undefined || other === undefined) return
    heap[a] = other
    heap[b] = one
  }
  const rise = (from: number): void => {
    for (let at = from; at > 0;) {
      const parent = (at - 1) >> 1
      if (!isBefore(at, parent)) return
      swap(at, parent)
      at = parent
    }
  }
  const sink = (): void => {
    for (let at = 0; ;) {
      const left = 2 * at + 1
      const least = isBefore(left + 1, left) ? left + 1 : left
      if (!isBefore(least, at)) return
      swap(at, least)
      at = least
    }
  }
  return {
    push: (event) => rise(heap.push(event) - 1),
    peek: () => heap[0],
    pop: () => {
      const first = heap[0]
      const last = heap.pop()
      if (heap.length > 0 && last !== undefined) {
        heap[0] = last
        sink()
      }
      return first
    },
  }
}

function comesFirst(a: TimedEvent, b: TimedEvent): boolean {
  if (a.dueMs !== b.dueMs) return a.dueMs < b.dueMs
  return a.lot === b.lot ? a.serial < b.serial : a.lot < b.lot
}
