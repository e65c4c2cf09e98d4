import { crashPoints } from '../crash/crash-point.ts'
import { pipelineStates } from '../sim/world/state-watch.ts'
import type { Evidence } from './evidence.ts'

/** At which steps, and in which states of the pipeline, a worker has died: shown as line coverage is. */
export interface CrashCoverage {
  readonly points: readonly string[]
  readonly states: readonly string[]
  /** By point and state; what is missing was never hit. */
  readonly hits: Readonly<Record<string, Readonly<Record<string, number>>>>
}

const separator = ' @ '

/** How an experiment names a crash at a point among its states at fault. */
export function crashName(point: string, state: string): string {
  return `${point}${separator}${state}`
}

/** The crashes at points of all evidence together; undefined if there are none. */
export function crashCoverageOf(evidence: readonly Pick<Evidence, 'statesAtFault'>[]): CrashCoverage | undefined {
  const hits: Record<string, Record<string, number>> = {}
  for (const { statesAtFault } of evidence) {
    for (const [name, count] of Object.entries(statesAtFault)) {
      const [point = '', state] = name.split(separator)
      if (state === undefined) continue
      const byState = (hits[point] ??= {})
      byState[state] = (byState[state] ?? 0) + count
    }
  }
  return Object.keys(hits).length === 0 ? undefined : { points: crashPoints, states: pipelineStates, hits }
}

/** States at fault without the points: how often each state was met. */
export function statesOnly(statesAtFault: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  const states: Record<string, number> = {}
  for (const [name, count] of Object.entries(statesAtFault)) {
    const [point = '', state = point] = name.split(separator)
    states[state] = (states[state] ?? 0) + count
  }
  return states
}
