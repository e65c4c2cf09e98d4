import { z } from 'zod'
import { addCounts, groupDigits, totalOf } from './counts.ts'
import type { Experiment, RunOutcome } from './experiment.ts'

/** A run that reached what it had to. */
export interface FinishedRun {
  readonly seed: number
  readonly durationSeconds: number
  readonly outcome: RunOutcome
}

const counts = z.record(z.string(), z.int().nonnegative())
const curve = z.array(z.tuple([z.number().nonnegative(), z.number().nonnegative()]).readonly())
const outcomeSchema = z.object({
  records: z.int().nonnegative(),
  faults: counts,
  anomalies: counts,
  replayed: z.int().nonnegative(),
  statesAtFault: counts,
  recoveryMs: z.array(z.number().nonnegative()),
  unseen: curve,
  lag: curve,
  examples: z.array(z.string()),
})

/** The outcome without its zeros. Throws when it holds what cannot have been counted, such as NaN. */
export function checkedOutcome(outcome: RunOutcome): RunOutcome {
  const parsed = outcomeSchema.safeParse(outcome)
  if (!parsed.success) throw new Error(`the outcome is no outcome: ${z.prettifyError(parsed.error)}`)
  const { faults, anomalies, statesAtFault } = parsed.data
  return {
    ...parsed.data,
    faults: addCounts(faults),
    anomalies: addCounts(anomalies),
    statesAtFault: addCounts(statesAtFault),
  }
}

/** Why this outcome proves nothing, one line each; empty when it counts. */
export function shortfalls(outcome: RunOutcome, minimum: Experiment['minimum']): readonly string[] {
  const wanted: (readonly [what: string, least: number, found: number])[] = [
    ['records', minimum.records, outcome.records],
  ]
  for (const [kind, least] of Object.entries(minimum.faults)) wanted.push([kind, least, outcome.faults[kind] ?? 0])
  const short = wanted
    .filter(([, least, found]) => found < least)
    .map(([what, least, found]) => `${what}: ${groupDigits(found)} of at least ${groupDigits(least)}`)
  const unseenAtEnd = outcome.unseen.at(-1)?.[1] ?? 0
  if (unseenAtEnd > 0 && totalOf(addCounts(outcome.anomalies)) === 0) {
    short.push(`${groupDigits(unseenAtEnd)} changes were unseen at the end, yet nothing was called wrong`)
  }
  return short
}
