import { kafkaArtifacts } from '../../../src/hosts/demo/maven-artifacts.ts'
import type { MavenArtifacts } from '../../../src/hosts/demo/maven-artifacts.ts'

/** What a run on real processes consists of, besides its faults. */
export interface RealPlan {
  readonly seed: number
  /** The naive loop is a plain consumer program on the same harness. */
  readonly program: 'tailrace' | 'naive-loop'
  readonly delivery: 'exactly_once' | 'at_least_once'
  /** At least once: false where nothing happens that excuses a repetition. */
  readonly mayReplay: boolean
  /** Workers at the start. */
  readonly workers: number
  readonly lanes: number
  readonly sessionTimeoutMs: number
  readonly tables: readonly string[]
  readonly topicPartitions: number
  readonly changesPerSecond: number
  readonly reshardsPerSecond: number
  /** Writing goes on at least until so many changes are written. */
  readonly changes: number
  /** Quiet time before the first fault. */
  readonly warmUpMs: number
  /** The crash point at which workers freeze when they are told to. */
  readonly freezeAt: 'commit.progress.before' | undefined
  /** The crash point at which, or before which, their event loops stand still when they are told to. */
  readonly stallAt: 'commit.progress.before' | undefined
  readonly brokers: { readonly count: 1 | 3; readonly artifacts: MavenArtifacts }
}

/** The usual run: four workers, two tables, about a hundred thousand changes. */
export function realPlan(seed: number, more: Partial<RealPlan> = {}): RealPlan {
  return {
    seed,
    program: 'tailrace',
    delivery: 'exactly_once',
    mayReplay: true,
    workers: 4,
    lanes: 8,
    sessionTimeoutMs: 1_500,
    tables: ['orders-a', 'orders-b'],
    topicPartitions: 4,
    changesPerSecond: 1_500,
    reshardsPerSecond: 0.7,
    changes: 101_000,
    warmUpMs: 3_000,
    freezeAt: undefined,
    stallAt: undefined,
    brokers: { count: 1, artifacts: kafkaArtifacts },
    ...more,
  }
}
