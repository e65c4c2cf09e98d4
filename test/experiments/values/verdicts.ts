import type { AnomalyName } from '../../../src/oracle/oracle.ts'
import type { RunOutcome } from '../experiment.ts'

/** What an experiment finds wrong besides what the oracle judges. */
export interface Verdicts {
  add(name: AnomalyName, line: string): void
  /** The outcome with these anomalies, and the first lines in front of its examples. */
  addTo(outcome: RunOutcome): RunOutcome
}

const keptLines = 10

/** Nothing is wrong yet. */
export function createVerdicts(): Verdicts {
  const counts = new Map<AnomalyName, number>()
  const lines: string[] = []
  return {
    add: (name, line) => {
      counts.set(name, (counts.get(name) ?? 0) + 1)
      if (lines.length < keptLines) lines.push(`${name}: ${line}`)
    },
    addTo: (outcome) => {
      const anomalies: Partial<Record<AnomalyName, number>> = { ...outcome.anomalies }
      for (const [name, count] of counts) anomalies[name] = (anomalies[name] ?? 0) + count
      return { ...outcome, anomalies, examples: [...lines, ...outcome.examples] }
    },
  }
}
