import { describe, expect, it } from 'vitest'
import { findExperiment } from '../../experiments/registry.ts'
import type { RunOutcome } from '../../experiments/experiment.ts'

const never = new AbortController().signal

async function runAll(id: string, seeds: readonly number[]): Promise<readonly RunOutcome[]> {
  const outcomes: RunOutcome[] = []
  for (const seed of seeds) outcomes.push(await findExperiment(id).run(seed, never))
  return outcomes
}

function total(outcomes: readonly RunOutcome[], fault: string): number {
  return outcomes.reduce((sum, { faults }) => sum + (faults[fault] ?? 0), 0)
}

describe('tables that begin with exports', () => {
  it('end as they are, through damage that is mended and workers that die', async () => {
    // In the first, changes from before the stream's beginning were trimmed while they were skipped.
    const outcomes = await runAll('E40-sim', [2, 5, 12])
    for (const { anomalies, examples } of outcomes) expect([anomalies, examples]).toEqual([{}, []])
    expect(total(outcomes, 'increment-completed')).toBeGreaterThan(2)
    expect(total(outcomes, 'export-damaged')).toBeGreaterThan(5)
    expect(total(outcomes, 'crash')).toBeGreaterThan(20)
  }, 240_000)

  it('fail by name while the damage lasts', async () => {
    const outcomes = await runAll('E40-lasting', [1, 4, 5])
    for (const { anomalies, examples } of outcomes) expect([anomalies, examples]).toEqual([{}, []])
    expect(total(outcomes, 'snapshot-failed')).toBe(3)
    expect(total(outcomes, 'snapshot-halted')).toBeGreaterThan(10)
  }, 240_000)
})
