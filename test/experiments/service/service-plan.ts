import type { Rng } from '../../../src/async/rng.ts'

/**
 * What becomes of a table in a run. `steady`: it has its tag throughout. `retagged`: it loses its tag and gets it again, over and over. `untagged`: the
 * same, and in the end it lacks it until everything else was looked at. `late`: made, written and only then tagged in the middle of the run. `deleted`:
 * deleted in the middle of it. `remade`: deleted and made anew under the same name.
 */
export type TableKind = 'steady' | 'retagged' | 'untagged' | 'late' | 'deleted' | 'remade'

/** What a run of a service under kills consists of. */
export interface ServicePlan {
  readonly seed: number
  readonly processes: number
  /** The tables of each pipeline. Each has a steady one, so that it delivers something all the time. */
  readonly pipelines: readonly (readonly TableKind[])[]
  /** So long processes are struck, tables come and go, and clients ask. */
  readonly durationMs: number
  readonly changesPerSecond: number
  readonly clients: number
  readonly sessionTimeoutMs: number
  readonly strikes: StrikePlan
  /** What is not there after the last strike by then is missing. */
  readonly settleMs: number
}

/** Which processes are struck, and how often. */
export interface StrikePlan {
  /** Between two strikes: at least, and so much more at most. */
  readonly pauseMs: readonly [least: number, more: number]
  /** Strikes at most. */
  readonly most: number
  /** Shares of SIGTERM and of SIGSTOP; everything else is SIGKILL. */
  readonly stops: number
  readonly freezes: number
  /** How often the leader is chosen, and not anybody. */
  readonly leaders: number
}

/** Three processes, twenty pipelines, sixty tables, five minutes. */
export function wholePlan(seed: number): ServicePlan {
  const third: readonly TableKind[] = ['late', 'deleted', 'remade']
  return {
    seed,
    processes: 3,
    pipelines: Array.from({ length: 20 }, (_, index): readonly TableKind[] => [
      'steady',
      index % 3 === 2 ? 'untagged' : 'retagged',
      third[index % 3] ?? 'late',
    ]),
    durationMs: 300_000,
    changesPerSecond: 100,
    clients: 4,
    sessionTimeoutMs: 4_000,
    strikes: { pauseMs: [4_000, 10_000], most: 1_000, stops: 0.2, freezes: 0.2, leaders: 0.35 },
    settleMs: 150_000,
  }
}

/** Three processes, three pipelines, six tables, and the leader killed once. */
export function shortPlan(seed: number): ServicePlan {
  return {
    seed,
    processes: 3,
    pipelines: [
      ['steady', 'retagged'],
      ['steady', 'late'],
      ['steady', 'remade'],
    ],
    durationMs: 25_000,
    changesPerSecond: 40,
    clients: 2,
    sessionTimeoutMs: 3_000,
    strikes: { pauseMs: [4_000, 0], most: 1, stops: 0, freezes: 0, leaders: 1 },
    settleMs: 60_000,
  }
}

/** How many tables of a kind there are. */
export function countOf(plan: ServicePlan, kind: TableKind): number {
  return plan.pipelines.flat().filter((each) => each === kind).length
}

/** A whole number of milliseconds, so many at least and so many more at most. */
export function chosenMs(rng: Rng, leastMs: number, moreMs: number): number {
  return Math.round(leastMs + rng.next() * moreMs)
}

/** One of them. */
export function chosen<T>(among: readonly T[], rng: Rng): T {
  const one = among[Math.floor(rng.next() * among.length)]
  if (one === undefined) throw new Error('there is nothing to choose from')
  return one
}
