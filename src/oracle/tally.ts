import { noAnomalies } from './anomalies.ts'
import type { AnomalyName } from './oracle.ts'

/** Counts anomalies while a judgement goes on, and keeps the first few of each kind as examples. */
export interface Tally {
  readonly anomalies: Readonly<Record<AnomalyName, number>>
  readonly examples: readonly string[]
  /** One more. `describe` is only called if the example is kept; it names places and positions and never a value. */
  add(name: AnomalyName, describe: () => string): void
}

const examplesPerName = 5

/** A tally of nothing. */
export function createTally(): Tally {
  const anomalies = noAnomalies()
  const examples: string[] = []
  return {
    anomalies,
    examples,
    add: (name, describe) => {
      anomalies[name]++
      if (anomalies[name] <= examplesPerName) examples.push(`${name}: ${describe()}`)
    },
  }
}
