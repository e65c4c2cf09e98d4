import { seededRng } from '../../../src/async/rng.ts'
import { defaultMappingSettings } from '../../servers/event-source-mapping/mapping.ts'
import type { DeliveryFaults, MappingSettings } from '../../servers/event-source-mapping/mapping.ts'
import { faultKinds, planWorld } from '../world/world-plan.ts'
import type { FaultKind, PlanOverrides, WorldPlan } from '../world/world-plan.ts'

/** Everything that a seed decides of a run in which a function moves the pipeline. */
export interface FunctionWorldPlan extends WorldPlan {
  readonly lambda: FunctionPlan
}

/** The function and its event source mappings. Times in virtual milliseconds, chances from 0 to 1. */
export interface FunctionPlan {
  readonly stream: 'dynamodb' | 'kinesis'
  /** The function's configured time-out. */
  readonly timeLimitMs: number
  /** Invocations of one sandbox at once: more than one on instances that their owner manages. */
  readonly concurrency: number
  /** Of an invocation: that it gets a new sandbox although a warm one is free. */
  readonly coldShare: number
  /** Of an invocation: that Lambda ends it long before the time that the function was told. */
  readonly earlyDeadlineShare: number
  /** Of a sandbox that was frozen: that the next request which it sends meets a socket that is dead. */
  readonly deadSocketShare: number
  readonly settings: MappingSettings
  readonly faults: DeliveryFaults
  readonly poisonPerSecond: number
  /** `errors.tolerance: all`, so that they become dead letters; otherwise they fail their batch. */
  readonly isTolerant: boolean
  /** Of what is discarded: that the destination does not take the notice. */
  readonly destinationDownShare: number
  /** `lambda.partial.batch.responses`. */
  readonly hasPartialResponses: boolean
}

/** What an experiment fixes; the seed decides the rest. */
export type FunctionOverrides = PlanOverrides & {
  readonly lambda?: Partial<Omit<FunctionPlan, 'settings' | 'faults'>> & {
    readonly settings?: Partial<MappingSettings>
    readonly faults?: Partial<DeliveryFaults>
  }
}

/** Kinds that mean something to a function: there is nobody to scale. */
export const functionFaultKinds: readonly FaultKind[] = faultKinds.filter((kind) => kind !== 'scale')

/** The plan of a seed. */
export function planFunctionWorld(seed: number, overrides: FunctionOverrides = {}): FunctionWorldPlan {
  const { lambda: fixed, ...world } = overrides
  const rng = seededRng(seed ^ 0x1a3b)
  const pick = <T>(...choices: readonly T[]): T => choices[Math.floor(rng.next() * choices.length)] as T
  const delivery = world.delivery ?? pick('exactly_once', 'exactly_once', 'exactly_once', 'at_least_once')
  const plan = planWorld(seed, { activeMs: pick(12_000, 20_000, 30_000), ...world, delivery, workers: 0 })
  const { scale: _, ...faults } = plan.faults
  const hasPositions = delivery === 'exactly_once'
  const stream = fixed?.stream ?? 'dynamodb'
  const drawn: Omit<FunctionPlan, 'settings' | 'faults'> = {
    stream,
    timeLimitMs: pick(3_000, 6_000, 15_000, 60_000),
    concurrency: pick(1, 1, 1, 4),
    coldShare: pick(0, 0.02, 0.2),
    earlyDeadlineShare: pick(0, 0.02, 0.1),
    deadSocketShare: pick(0, 0.05, 0.3),
    poisonPerSecond: stream === 'dynamodb' ? pick(0, 0, 0.1, 0.4) : 0,
    isTolerant: pick(true, true, false),
    destinationDownShare: pick(0, 0.5, 1),
    hasPartialResponses: pick(true, false),
  }
  const lambda = { ...drawn, ...fixed }
  const drawnSettings = drawSettings(rng, { hasPositions, stream, reports: lambda.hasPartialResponses })
  const settings = { ...drawnSettings, ...fixed?.settings }
  // A shard of a Kinesis stream is asked once a second.
  const pageRecords = stream === 'kinesis' ? Math.max(100, plan.pageRecords) : plan.pageRecords
  return {
    ...plan,
    pageRecords,
    isTolerant: lambda.isTolerant,
    faults,
    lambda: { ...lambda, settings, faults: { ...drawDeliveryFaults(rng), ...fixed?.faults } },
  }
}

/** Exactly once wants its settings; at least once may have any. */
function drawSettings(
  rng: { next(): number },
  of: { readonly hasPositions: boolean; readonly stream: FunctionPlan['stream']; readonly reports: boolean },
): MappingSettings {
  const pick = <T>(...choices: readonly T[]): T => choices[Math.floor(rng.next() * choices.length)] as T
  const common = {
    ...defaultMappingSettings,
    batchSize: pick(1, 3, 10, 100),
    maximumBatchingWindowMs: pick(0, 0, 1_000),
    bisectBatchOnFunctionError: pick(true, false),
    reportBatchItemFailures: of.reports,
  }
  const windowSeconds = pick(2, 10, 60)
  if (of.hasPositions)
    return { ...common, tumblingWindowSeconds: of.stream === 'dynamodb' || rng.next() < 0.3 ? windowSeconds : 0 }
  const parallelizationFactor = pick(1, 2, 10)
  return {
    ...common,
    parallelizationFactor,
    tumblingWindowSeconds: parallelizationFactor === 1 ? pick(0, 0, windowSeconds) : 0,
    maximumRetryAttempts: pick(-1, -1, 0, 2, 5),
  }
}

function drawDeliveryFaults(rng: { next(): number }): DeliveryFaults {
  const chance = (...choices: readonly number[]): number => choices[Math.floor(rng.next() * choices.length)] ?? 0
  return {
    lostAnswer: chance(0, 0.03, 0.15),
    twice: chance(0, 0.05, 0.2),
    abandoned: chance(0, 0.03, 0.1),
    cutAnew: chance(0, 0.3, 0.8),
    failOver: chance(0, 0.03, 0.1),
    repeatedFinal: chance(0, 0.2, 0.5),
  }
}
