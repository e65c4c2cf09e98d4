import type { AnomalyName, Findings } from '../../../src/oracle/oracle.ts'
import { planFunctionWorld } from '../../sim/lambda/function-plan.ts'
import type { FunctionOverrides } from '../../sim/lambda/function-plan.ts'
import { totalOf } from '../../sim/lambda/judge-function.ts'
import { runFunctionWorld } from '../../sim/lambda/run-function-world.ts'
import type { FunctionOutcome } from '../../sim/lambda/run-function-world.ts'
import type { FunctionWorldOptions } from '../../sim/lambda/function-world.ts'
import { runSwitchWorld } from '../../sim/lambda/run-switch-world.ts'
import { tutorialCode } from '../../sim/lambda/tutorial-code.ts'
import type { Experiment, RunOutcome } from '../experiment.ts'

/**
 * Batches fail in the middle. Two seeds of three are at least once: the function names the record, Lambda halves what is left, tries
 * it a few times and gives it up. The third is exactly once: what cannot pass holds up its shard, or becomes a dead letter.
 */
export function failingBatches(seed: number): FunctionOverrides {
  const common = { poisonPerSecond: 0.5, stream: 'dynamodb' } as const
  if (seed % 3 === 0) return { delivery: 'exactly_once', lambda: common }
  const isCalm = seed % 2 === 0
  const none = { lostAnswer: 0, twice: 0, abandoned: 0, cutAnew: 0, failOver: 0, repeatedFinal: 0 }
  return {
    delivery: 'at_least_once',
    lambda: {
      ...common,
      isTolerant: false,
      hasPartialResponses: true,
      settings: {
        bisectBatchOnFunctionError: true,
        reportBatchItemFailures: true,
        maximumRetryAttempts: seed % 5,
        tumblingWindowSeconds: 0,
      },
      // How many invocations it takes to find the record is counted where nothing else brings batches again.
      ...(isCalm ? { faults: none } : {}),
    },
  }
}

/** Time-outs at any point, and batches that come twice at once; one seed of four at least once, with ten batches of a shard at once. */
export function endedInvocations(seed: number): FunctionOverrides {
  const faults = { twice: 0.1, lostAnswer: 0.05, abandoned: 0.05, cutAnew: 0.3, failOver: 0.03 }
  const common = { earlyDeadlineShare: 0.08, poisonPerSecond: 0, faults }
  if (seed % 4 === 1) return { delivery: 'exactly_once', lambda: { ...common, stream: 'kinesis' } }
  if (seed % 4 === 2)
    return {
      delivery: 'at_least_once',
      lambda: {
        ...common,
        settings: { parallelizationFactor: 10, tumblingWindowSeconds: 0, maximumRetryAttempts: -1 },
      },
    }
  return { delivery: 'exactly_once', lambda: common }
}

/** Time for several turns of each. */
export const switched: FunctionOverrides = {
  delivery: 'exactly_once',
  activeMs: 45_000,
  lambda: { poisonPerSecond: 0, stream: 'dynamodb' },
}

/** For the control: the same, but always by tables' streams and judged by what it means to promise. */
function ofControl(overrides: FunctionOverrides): FunctionOverrides {
  const { settings: _, ...lambda } = overrides.lambda ?? {}
  return { ...overrides, delivery: 'exactly_once', lambda: { ...lambda, stream: 'dynamodb', poisonPerSecond: 0 } }
}

/** Rows E43 and E44, in simulated time. What the controls do wrong is meant to be found: repeats. */
export const lambdaExperiments: readonly Experiment[] = [
  functionExperiment({
    id: 'E43',
    title:
      'Records that cannot pass lie at random places of batches that Lambda halves, repeats and gives up, while everything else fails, too',
    minimum: { records: 10, faults: { invocation: 1 } },
    target: { faults: { poison: 25_000, 'partial-answer': 25_000, bisection: 25_000, 'discarded-record': 5_000 } },
    overrides: failingBatches,
  }),
  functionExperiment({
    id: 'E44',
    title:
      'Lambda ends invocations at any point, loses answers, and delivers batches twice at once, cut and joined anew',
    minimum: { records: 10, faults: { invocation: 1 } },
    target: { faults: { 'early-deadline': 30_000, twice: 60_000, 'lost-answer': 30_000, 'cut-anew': 10_000 } },
    overrides: endedInvocations,
  }),
  {
    id: 'E44-switch',
    title:
      'A pipeline is given to and fro between its workers and its function while everything fails, commands included',
    tier: 'S',
    arm: 'tailrace',
    minimum: { records: 10, faults: {} },
    target: { faults: { switch: 2_000, 'switch-killed': 1_000 } },
    run: async (seed) => {
      const outcome = await runSwitchWorld(planFunctionWorld(seed, switched))
      const { findings, faults, lambda, switches } = outcome
      return shown(findings, {
        statesAtFault: Object.fromEntries(lambda.statesAtReset),
        faults: {
          ...Object.fromEntries(faults),
          ...Object.fromEntries(lambda.counts),
          invocation: lambda.invocations.length,
          switch: switches.switched,
          'switch-killed': switches.killed,
          'switch-repeated': switches.failed,
        },
      })
    },
  },
  functionExperiment({
    id: 'E43-control',
    title: 'The same runs without records that cannot pass, with a function as tutorials have it',
    arm: 'control',
    minimum: { records: 10, faults: { invocation: 1 } },
    target: { faults: {} },
    overrides: (seed) => ofControl(failingBatches(seed)),
    options: { code: tutorialCode },
  }),
  functionExperiment({
    id: 'E44-control',
    title: 'The same runs, with a function as tutorials have it',
    arm: 'control',
    minimum: { records: 10, faults: { invocation: 1 } },
    target: { faults: {} },
    overrides: (seed) => ofControl(endedInvocations(seed)),
    options: { code: tutorialCode },
  }),
]

function functionExperiment({
  overrides,
  options,
  ...definition
}: Pick<Experiment, 'id' | 'title' | 'minimum' | 'target'> & {
  readonly arm?: Experiment['arm']
  readonly overrides: (seed: number) => FunctionOverrides
  readonly options?: FunctionWorldOptions
}): Experiment {
  return {
    arm: 'tailrace',
    tier: 'S',
    ...definition,
    run: async (seed) => outcomeOf(await runFunctionWorld(planFunctionWorld(seed, overrides(seed)), options)),
  }
}

function outcomeOf({ findings, faults, lambda, mappings, poisoned }: FunctionOutcome): RunOutcome {
  const delivery = { lostAnswer: 0, twice: 0, abandoned: 0, cutAnew: 0, failOver: 0, repeatedFinal: 0 }
  for (const counters of mappings.counters)
    for (const fault of Object.keys(delivery) as (keyof typeof delivery)[]) delivery[fault] += counters.faults[fault]
  return shown(findings, {
    statesAtFault: Object.fromEntries(lambda.statesAtReset),
    faults: {
      ...Object.fromEntries(faults),
      ...Object.fromEntries(lambda.counts),
      'lost-answer': delivery.lostAnswer,
      twice: delivery.twice,
      abandoned: delivery.abandoned,
      'cut-anew': delivery.cutAnew,
      'fail-over': delivery.failOver,
      'repeated-final': delivery.repeatedFinal,
      invocation: lambda.invocations.length,
      poison: poisoned,
      'partial-answer': totalOf(mappings.counters, 'partialAnswers'),
      bisection: totalOf(mappings.counters, 'bisections'),
      'discarded-record': totalOf(mappings.counters, 'recordsDiscarded'),
      'destination-down': totalOf(mappings.counters, 'destinationFailures'),
    },
  })
}

/** Where a record holds up its shard, what is unseen says nothing of how far behind the function is. */
function shown(findings: Findings, counted: Pick<RunOutcome, 'faults' | 'statesAtFault'>): RunOutcome {
  const anomalies = Object.entries(findings.anomalies).filter(([, count]) => count > 0) as [AnomalyName, number][]
  const { delivered: records, replayed, examples } = findings
  return {
    ...counted,
    records,
    replayed,
    examples,
    anomalies: Object.fromEntries(anomalies),
    recoveryMs: [],
    unseen: [],
    lag: [],
  }
}
