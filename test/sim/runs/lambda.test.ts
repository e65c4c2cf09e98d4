import { describe, expect, it } from 'vitest'
import { isClean } from '../../../src/oracle/anomalies.ts'
import { endedInvocations, failingBatches } from '../../experiments/simulated/lambda.ts'
import { planFunctionWorld } from '../lambda/function-plan.ts'
import type { FunctionOverrides } from '../lambda/function-plan.ts'
import { totalOf } from '../lambda/judge-function.ts'
import { runFunctionWorld } from '../lambda/run-function-world.ts'
import type { FunctionOutcome } from '../lambda/run-function-world.ts'
import type { FunctionWorldOptions } from '../lambda/function-world.ts'
import { tutorialCode } from '../lambda/tutorial-code.ts'
import { seedsFrom } from './run-seeds.ts'

interface RowOutcome {
  readonly failures: readonly string[]
  readonly outcomes: readonly FunctionOutcome[]
}

async function runRow(
  seeds: readonly number[],
  overrides: (seed: number) => FunctionOverrides,
  options: FunctionWorldOptions = {},
): Promise<RowOutcome> {
  const outcomes: FunctionOutcome[] = []
  for (const seed of seeds) outcomes.push(await runFunctionWorld(planFunctionWorld(seed, overrides(seed)), options))
  const failures = outcomes.flatMap(({ plan, findings }) =>
    isClean(findings) ? [] : [`seed ${plan.seed}: ${findings.examples.slice(0, 3).join('; ')}`],
  )
  return { failures, outcomes }
}

function sum(outcomes: readonly FunctionOutcome[], of: (outcome: FunctionOutcome) => number): number {
  return outcomes.reduce((total, outcome) => total + of(outcome), 0)
}

/** One sandbox for everything, and no faults. */
const quiet: FunctionOverrides = {
  delivery: 'exactly_once',
  openShards: 4,
  reshardsPerSecond: 0.2,
  changesPerSecond: 20,
  faults: {},
  lambda: {
    concurrency: 1_000,
    coldShare: 0,
    earlyDeadlineShare: 0,
    deadSocketShare: 0,
    poisonPerSecond: 0,
    faults: { lostAnswer: 0, twice: 0, abandoned: 0, cutAnew: 0, failOver: 0, repeatedFinal: 0 },
  },
}

/** Errors of invocations that have no code. */
function unexplained(outcomes: readonly FunctionOutcome[]): readonly string[] {
  return outcomes.flatMap(({ lambda }) =>
    lambda.invocations.flatMap(({ result }) =>
      result?.kind === 'error' && result.errorType === 'Error' ? [result.errorMessage] : [],
    ),
  )
}

describe('a pipeline that a function moves', () => {
  it('has no doubts where nothing is broken, however many shards are in one sandbox', async () => {
    const { failures, outcomes } = await runRow(seedsFrom(75_000, 3), () => quiet)
    expect(failures).toEqual([])
    // At the very first, all shards write the ledger's beginning, and only one of them can.
    const invocations = outcomes.flatMap(({ lambda }) => lambda.invocations.filter((one) => one.startedAtMs > 5_000))
    expect(invocations.length).toBeGreaterThan(200)
    expect(invocations.filter(({ attempts, result }) => attempts > 1 || result?.kind !== 'answer')).toEqual([])
  }, 60_000)

  it('is delivered as it is promised where invocations end at any point and batches come twice at once', async () => {
    const { failures, outcomes } = await runRow(seedsFrom(71_000, 12), endedInvocations)
    expect(failures).toEqual([])
    expect(sum(outcomes, ({ lambda }) => lambda.counts.get('early-deadline') ?? 0)).toBeGreaterThan(50)
    // What fails says why, also where several invocations of a sandbox wait for the same.
    expect(unexplained(outcomes)).toEqual([])
    for (const fault of ['twice', 'lostAnswer', 'cutAnew'] as const)
      expect(
        sum(outcomes, ({ mappings }) => mappings.counters.reduce((total, { faults }) => total + faults[fault], 0)),
        fault,
      ).toBeGreaterThan(20)
  }, 120_000)

  it('is delivered as it is promised, under every kind of fault', async () => {
    const { failures, outcomes } = await runRow(seedsFrom(70_000, 12), () => ({}))
    expect(failures).toEqual([])
    // Zero of nothing would prove nothing.
    expect(sum(outcomes, ({ findings }) => findings.delivered)).toBeGreaterThan(2_000)
    expect(sum(outcomes, ({ lambda }) => lambda.counts.get('thaw') ?? 0)).toBeGreaterThan(500)
  }, 120_000)

  it('passes on what can pass, names what cannot, and loses only what Lambda gives up', async () => {
    const { failures, outcomes } = await runRow(seedsFrom(72_000, 12), failingBatches)
    expect(failures).toEqual([])
    expect(sum(outcomes, ({ poisoned }) => poisoned)).toBeGreaterThan(40)
    for (const name of ['partialAnswers', 'bisections', 'recordsDiscarded', 'destinationFailures'] as const)
      expect(
        sum(outcomes, ({ mappings }) => totalOf(mappings.counters, name)),
        name,
      ).toBeGreaterThan(5)
  }, 120_000)

  it('would be delivered with repeats by a function as tutorials have it', async () => {
    const { outcomes } = await runRow(
      seedsFrom(71_000, 6),
      (seed) => ({ ...endedInvocations(4 * seed), delivery: 'exactly_once' }),
      { code: tutorialCode },
    )
    expect(sum(outcomes, ({ findings }) => findings.anomalies.duplicate)).toBeGreaterThan(50)
  }, 60_000)

  it('gives the same trace for the same seed', async () => {
    const plan = planFunctionWorld(73_000)
    const [first, second] = [await runFunctionWorld(plan), await runFunctionWorld(plan)]
    expect(second.traceDigest).toBe(first.traceDigest)
  }, 60_000)
})

/** Seeds that showed a fault once. */
describe('seeds that found something', () => {
  it('several invocations of a sandbox wait for the same, and the time of one is over', async () => {
    const { failures, outcomes } = await runRow([71_009], endedInvocations)
    expect(failures).toEqual([])
    expect(unexplained(outcomes)).toEqual([])
  }, 60_000)
})
