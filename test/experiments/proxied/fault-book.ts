import { systemClock as clock } from '../../../src/async/system-clock.ts'

/** What was broken in a run, and in which state it found the pipeline. */
export interface FaultBook {
  /** One more fault of a kind, at this moment; or several, which met the pipeline in another state. */
  struck(kind: string, times?: number, met?: string): void
  /** A fault is over at this moment: from now on the lag must come down. */
  ended(): void
  readonly faults: Readonly<Record<string, number>>
  readonly statesAtFault: Readonly<Record<string, number>>
  /** Monotonic milliseconds. */
  readonly ends: readonly number[]
}

/** An empty book; `state` is asked at each fault. */
export function openFaultBook(state: () => string): FaultBook {
  const faults: Record<string, number> = {}
  const statesAtFault: Record<string, number> = {}
  const ends: number[] = []
  return {
    faults,
    statesAtFault,
    ends,
    struck: (kind, times = 1, met = state()) => {
      faults[kind] = (faults[kind] ?? 0) + times
      statesAtFault[met] = (statesAtFault[met] ?? 0) + times
    },
    ended: () => void ends.push(clock.monotonic()),
  }
}
