import type { Clock } from '../../src/async/clock.ts'
import type { Experiment } from './experiment.ts'
import { checkedOutcome, shortfalls } from './run-check.ts'
import type { FinishedRun } from './run-check.ts'
import type { SeedRunner } from './seed-runner.ts'

/** A run that counts for nothing. */
export interface FailedRun {
  readonly seed: number
  readonly reason: string
}

/** What a series needs. */
export interface SeriesOptions {
  readonly experiment: Experiment
  readonly firstSeed: number
  readonly runs: number
  /** Seeds are shared out among them, one at a time. They are not disposed here. */
  readonly runners: readonly SeedRunner[]
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Called once for each run that counts, never twice at once. When it throws, the run counts as failed. */
  readonly onRun: (run: FinishedRun) => void
}

/**
 * Runs the seeds. After a run that failed no further one begins, and those under way are finished. Runs that end after the
 * abort are dropped: nobody can tell whether they did everything. Resolves with what failed; never rejects.
 */
export async function runSeries(options: SeriesOptions): Promise<readonly FailedRun[]> {
  const failed: FailedRun[] = []
  let next = options.firstSeed
  const end = options.firstSeed + options.runs
  const work = async (runner: SeedRunner): Promise<void> => {
    while (next < end && failed.length === 0 && !options.signal.aborted) {
      const seed = next++
      try {
        const run = await runOne(runner, seed, options)
        if (!options.signal.aborted) options.onRun(run)
      } catch (error) {
        if (!options.signal.aborted) failed.push({ seed, reason: reasonOf(error) })
      }
    }
  }
  await Promise.all(options.runners.map(work))
  return failed
}

async function runOne(runner: SeedRunner, seed: number, options: SeriesOptions): Promise<FinishedRun> {
  const { clock, experiment, signal } = options
  const startedAt = clock.monotonic()
  const outcome = checkedOutcome(await runner.run(seed, signal))
  const short = shortfalls(outcome, experiment.minimum)
  if (short.length > 0) throw new Error(`fell short: ${short.join('; ')}`)
  return { seed, durationSeconds: (clock.monotonic() - startedAt) / 1000, outcome }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : ` (${reasonOf(error.cause)})`
  return `${error.message}${cause}`
}
