import type { OutputWatch } from './output-watch.ts'

/** What was done to the system under test, and what it did wrong in ways that no record shows. */
export interface FaultLog {
  /** One fault of a kind, and the state in which it met somebody, where there is one. */
  struck(kind: string, state?: string): void
  /** The fault has ended now: recovery is measured from here. */
  healed(): void
  /** Something did not end in time, or not as it must. */
  hung(line: string): void
  /** Something was measured, for whoever reads the run. */
  noted(line: string): void
  readonly faults: Readonly<Record<string, number>>
  readonly states: Readonly<Record<string, number>>
  /** Milliseconds since the start of the watch. */
  readonly healedAtMs: readonly number[]
  readonly hangs: readonly string[]
  readonly notes: readonly string[]
}

/** Nothing has happened yet. */
export function createFaultLog(watch: Pick<OutputWatch, 'elapsedMs'>): FaultLog {
  const faults: Record<string, number> = {}
  const states: Record<string, number> = {}
  const healedAtMs: number[] = []
  const hangs: string[] = []
  const notes: string[] = []
  return {
    struck: (kind, state) => {
      faults[kind] = (faults[kind] ?? 0) + 1
      if (state !== undefined) states[state] = (states[state] ?? 0) + 1
    },
    healed: () => void healedAtMs.push(watch.elapsedMs),
    hung: (line) => void hangs.push(line),
    noted: (line) => void notes.push(line),
    faults,
    states,
    healedAtMs,
    hangs,
    notes,
  }
}
