import { seededRng } from '../../../src/async/rng.ts'
import { planWorld } from '../world/world-plan.ts'
import type { PlanOverrides, WorldPlan } from '../world/world-plan.ts'

/** Everything that a seed decides of a run that reads a Kinesis stream. */
export interface KinesisWorldPlan extends WorldPlan {
  readonly stream: StreamPlan
}

/** The stream and what DynamoDB does to it. Times in virtual milliseconds, chances from 0 to 1. */
export interface StreamPlan {
  /** `source.kinesis.repair.*` and `source.kinesis.late`. */
  readonly windowMs: number
  readonly delayMs: number
  readonly late: 'emit-flagged' | 'dead-letter' | 'drop'
  /** Of each change: that it is delivered again, and that it is delivered late, but within the window. */
  readonly duplicates: number
  readonly delays: number
  /** Of each bunch of changes: that it is delivered up to three windows late. */
  readonly lateBunches: number
  /** Per second: that nothing is delivered for a while, and then everything at once. */
  readonly holdsPerSecond: number
  /** Times of creation are rounded down to so many; 0: no two changes share one. */
  readonly tieMs: number
  readonly precision: 'MILLISECOND' | 'MICROSECOND'
  /** Per second: that a table goes over to the other precision. */
  readonly precisionSwitchesPerSecond: number
  readonly arrivalSkewMs: number
  /** Tables in the stream that nobody wants. */
  readonly otherTables: number
  /** UpdateShardCount, per second, to at most so many shards, and how long each of its rounds takes. */
  readonly stormsPerSecond: number
  readonly mostShards: number
  readonly roundMs: number
  /** Shard counts that the stream goes to one after the other, in the place of storms at random. */
  readonly course: readonly ShardCountStep[]
  readonly namesChildren: boolean
  /** Clocks of workers are wrong: who is ahead waits too short a time for what comes late, and then flags it. */
  readonly hasWrongClocks: boolean
}

/** One UpdateShardCount of a course. */
export interface ShardCountStep {
  readonly atMs: number
  readonly shards: number
}

/** What an experiment fixes. */
export type KinesisOverrides = PlanOverrides & { readonly stream?: Partial<StreamPlan> }

/** The plan of a seed. Only transactions: what is promised of Kinesis is promised of them. */
export function planKinesisWorld(seed: number, overrides: KinesisOverrides = {}): KinesisWorldPlan {
  const { stream: fixed, ...world } = overrides
  const rng = seededRng(seed ^ 0x4b1d)
  const pick = <T>(...choices: readonly T[]): T => choices[Math.floor(rng.next() * choices.length)] as T
  const windowMs = fixed?.windowMs ?? pick(10_000, 20_000, 40_000)
  const drawn: StreamPlan = {
    windowMs,
    delayMs: pick(0, 1_000, windowMs / 4, windowMs, windowMs),
    late: pick('emit-flagged', 'emit-flagged', 'emit-flagged', 'dead-letter', 'drop'),
    duplicates: 0.01 + 0.09 * rng.next(),
    delays: pick(0.02, 0.1, 0.3),
    lateBunches: pick(0, 0.01, 0.05),
    holdsPerSecond: pick(0, 0, 0.02),
    tieMs: pick(0, 0, 1, 50, 1_000),
    precision: pick('MILLISECOND', 'MICROSECOND'),
    precisionSwitchesPerSecond: pick(0, 0, 0.05),
    arrivalSkewMs: pick(0, 0, 200),
    otherTables: pick(0, 0, 1),
    stormsPerSecond: pick(0, 0, 0.03, 0.1),
    mostShards: pick(4, 8, 16),
    roundMs: pick(100, 1_000, 3_000),
    course: [],
    namesChildren: pick(true, true, false),
    hasWrongClocks: false,
  }
  const reshardsPerSecond = pick(0, 0.1, 0.4)
  const plan = planWorld(seed, {
    delivery: 'exactly_once',
    openShards: 1 + Math.floor(rng.next() * 6),
    reshardsPerSecond,
    activeMs: 2 * windowMs + 20_000,
    changesPerSecond: pick(5, 10, 20),
    ...world,
  })
  const stream = { ...drawn, ...fixed, windowMs }
  // Several deletes of an item at one time leave nothing by which their order could be told: all end in no image at all.
  const hasDeletes = plan.workload.deleteShare > 0
  const tieMs = hasDeletes ? Math.min(stream.tieMs, 1) : stream.tieMs
  // Each child reads a window again, five pages a second: with pages of three records that would be most of a run.
  const pageRecords = Math.max(plan.pageRecords, Math.ceil((plan.changesPerSecond * windowMs) / 20_000))
  return { ...plan, pageRecords, stream: { ...stream, tieMs, hasWrongClocks: plan.faults['wall-clock'] !== undefined } }
}
