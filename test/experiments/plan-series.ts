import type { RunRequest } from './command-options.ts'
import type { Evidence } from './evidence.ts'
import type { Experiment } from './experiment.ts'
import { RefusedStart } from './refused-start.ts'
import { formatSeeds, greatestPossibleSeed, parseSeeds, seedsWithin, spanOfSeeds } from './seed-ranges.ts'
import type { SourceVersion } from './source-version.ts'

/** What will be run, and what becomes of it. */
export interface SeriesPlan {
  readonly firstSeed: number
  readonly runs: number
  readonly jobs: number
  /** What the runs are added to; undefined: they are the first. */
  readonly base: Evidence | undefined
  /** False: nothing is written, whatever happens. */
  readonly isCounted: boolean
}

/** Decides what a request means with what was counted before; refuses what would mix or repeat runs. */
export function planSeries(
  experiment: Experiment,
  request: RunRequest,
  version: SourceVersion,
  counted: Evidence | undefined,
): SeriesPlan {
  if (request.replay !== undefined) {
    return { firstSeed: request.replay, runs: 1, jobs: 1, base: undefined, isCounted: false }
  }
  if (version.isDirty && !request.allowDirty) {
    throw new RefusedStart('src/ is not as committed: commit it, or run with --allow-dirty, which counts nothing')
  }
  const isCounted = !request.allowDirty
  const base = isCounted && !request.fresh ? counted : undefined
  if (base !== undefined) refuseToMix(experiment, request, version, base)
  const seeds = parseSeeds(base?.seeds ?? '')
  const firstSeed = request.seed ?? (spanOfSeeds(seeds)?.[1] ?? 0) + 1
  const lastSeed = firstSeed + request.runs - 1
  if (lastSeed > greatestPossibleSeed) throw new RefusedStart(`seeds end at ${greatestPossibleSeed}`)
  const used = seedsWithin(seeds, [firstSeed, lastSeed])
  if (used.length > 0) {
    throw new RefusedStart(
      `seeds ${formatSeeds(used)} are counted already: leave --seed out to go on behind them, start over with --fresh, ` +
        'or run one of them again with --replay',
    )
  }
  return { firstSeed, runs: request.runs, jobs: jobsFor(experiment, request), base, isCounted }
}

function refuseToMix(experiment: Experiment, request: RunRequest, version: SourceVersion, base: Evidence): void {
  if (base.arm !== experiment.arm || base.tier !== experiment.tier) {
    throw new RefusedStart(
      `what was counted is ${base.arm}, tier ${base.tier}; ${experiment.id} is now ${experiment.arm}, tier ` +
        `${experiment.tier}: start over with --fresh`,
    )
  }
  if (base.source !== version.source && !request.extend) {
    throw new RefusedStart(
      `src/ has changed since these runs were counted (${base.source} at ${base.commit}, now ${version.source} at ` +
        `${version.commit}): start over with --fresh, or keep them beside the new ones with --extend`,
    )
  }
}

function jobsFor(experiment: Experiment, request: RunRequest): number {
  return Math.min(request.runs, request.jobs ?? (experiment.tier === 'S' ? 2 : 1))
}
