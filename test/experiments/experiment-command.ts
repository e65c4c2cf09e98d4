import type { Clock } from '../../src/async/clock.ts'
import { parseCommandOptions, usageText } from './command-options.ts'
import type { RunRequest } from './command-options.ts'
import { totalOf } from './counts.ts'
import { evidencePath, readEvidence } from './evidence-file.ts'
import { createEvidenceRecorder } from './evidence-recorder.ts'
import type { EvidenceRecorder } from './evidence-recorder.ts'
import type { Origin } from './evidence.ts'
import type { Experiment } from './experiment.ts'
import { planSeries } from './plan-series.ts'
import type { SeriesPlan } from './plan-series.ts'
import { RefusedStart } from './refused-start.ts'
import { findExperiment, listExperiments } from './registry.ts'
import type { FinishedRun } from './run-check.ts'
import { runSeries } from './run-series.ts'
import type { FailedRun } from './run-series.ts'
import { createChildRunner, createLocalRunner } from './seed-runner.ts'
import { describeEvidence, describeRun, replayCommand, verdictOn } from './series-report.ts'
import type { SourceVersion } from './source-version.ts'

/** What the command needs from its process. */
export interface CommandContext {
  readonly experiments: readonly Experiment[]
  /** The module that exports `experiments`; children load it. */
  readonly registryFile: string
  /** The checkout. */
  readonly root: string
  readonly readSourceVersion: (root: string) => SourceVersion
  readonly machine: Origin['machine']
  readonly clock: Clock
  /** Aborted: the runs under way are told to stop, and what is complete is kept. */
  readonly signal: AbortSignal
  /** Take a line, or several, without the newline at the end. */
  readonly out: (text: string) => void
  readonly err: (text: string) => void
}

/** 0: the arm showed what it is there to show; 1: it did not, or a run failed; 2: nothing was started; 130: interrupted. */
export type ExitCode = 0 | 1 | 2 | 130

/** `npm run experiment`. Rejects only with what is a fault of the frame itself. */
export async function runExperimentCommand(args: readonly string[], context: CommandContext): Promise<ExitCode> {
  try {
    const options = parseCommandOptions(args)
    switch (options.kind) {
      case 'list':
        context.out(listExperiments(context.experiments))
        return 0
      case 'help':
        context.out(`${usageText()}\n${listExperiments(context.experiments)}`)
        return options.isAskedFor ? 0 : 2
      case 'run':
        return await runRequested(options, context)
    }
  } catch (error) {
    if (!(error instanceof RefusedStart)) throw error
    context.err(`experiment: ${error.message}`)
    return 2
  }
}

async function runRequested(request: RunRequest, context: CommandContext): Promise<ExitCode> {
  const experiment = findExperiment(request.id, context.experiments)
  const version = context.readSourceVersion(context.root)
  const file = evidencePath(context.root, experiment.id)
  // To start over must also be possible from a file that is broken.
  const counted = request.fresh || request.replay !== undefined ? undefined : readEvidence(file)
  const plan = planSeries(experiment, request, version, counted)
  const recorder = createEvidenceRecorder({
    experiment,
    base: plan.base,
    origin: { commit: version.commit, source: version.source, machine: context.machine },
    file: plan.isCounted ? file : undefined,
    sourceNow: () => context.readSourceVersion(context.root).source,
    clock: context.clock,
  })
  const say = request.json ? context.err : context.out
  say(`${experiment.id} (tier ${experiment.tier}, ${experiment.arm}): ${experiment.title}`)

  const anomalous: number[] = []
  const onRun = (run: FinishedRun): void => {
    recorder.record(run)
    say(describeRun(run))
    const isWrong = totalOf(run.outcome.anomalies) > 0
    if (isWrong) anomalous.push(run.seed)
    const shown = request.replay === undefined ? (isWrong ? 5 : 0) : Infinity
    for (const example of run.outcome.examples.slice(0, shown)) say(`  ${example}`)
  }
  const failed = [...(await runPlanned(experiment, plan, onRun, context))]
  try {
    recorder.flush()
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : ''
    failed.push({ seed: plan.firstSeed, reason: `${(error as Error).message}${cause}` })
  }
  return report({ request, experiment, version, plan, recorder, failed, anomalous }, context)
}

/** Runs them in this process, or in as many children as there are jobs. */
async function runPlanned(
  experiment: Experiment,
  plan: SeriesPlan,
  onRun: (run: FinishedRun) => void,
  context: CommandContext,
): Promise<readonly FailedRun[]> {
  const { clock, registryFile, signal } = context
  const { firstSeed, runs, jobs } = plan
  await using stack = new AsyncDisposableStack()
  const runners = Array.from({ length: jobs }, () =>
    stack.use(jobs === 1 ? createLocalRunner(experiment) : createChildRunner(registryFile, experiment.id)),
  )
  return await runSeries({ experiment, firstSeed, runs, runners, clock, signal, onRun })
}

interface Series {
  readonly request: RunRequest
  readonly experiment: Experiment
  readonly version: SourceVersion
  readonly plan: SeriesPlan
  readonly recorder: EvidenceRecorder
  readonly failed: readonly FailedRun[]
  /** Seeds of this command's runs, without those that were counted before. */
  readonly anomalous: readonly number[]
}

function report(series: Series, context: CommandContext): ExitCode {
  const { request, experiment, version, plan, failed, anomalous } = series
  const { total } = series.recorder
  const say = request.json ? context.err : context.out
  const verdict = total === undefined ? undefined : verdictOn(total)
  for (const { seed, reason } of failed) context.err(`seed ${seed} FAILED and is not counted: ${reason}`)
  if (total !== undefined) say(describeEvidence(total))
  if (!plan.isCounted) say('nothing was written')
  if (context.signal.aborted) context.err('experiment: interrupted; the runs that were complete are kept')
  if (verdict !== undefined) context.err(`FAILED: ${verdict}`)
  if (experiment.arm === 'tailrace') {
    for (const seed of anomalous) context.err(`  again: ${replayCommand(experiment.id, seed)}`)
  }
  const isFailed = failed.length > 0 || verdict !== undefined
  const exitCode = isFailed ? 1 : context.signal.aborted ? 130 : 0
  if (request.json) {
    const { id, title, arm, tier } = experiment
    const { series: _, ...evidence } = total ?? { series: undefined }
    const isCounted = plan.isCounted && total !== undefined
    const { commit, source } = version
    const about = { id, title, arm, tier, commit, source, isCounted, exitCode }
    context.out(JSON.stringify({ ...about, verdict: verdict ?? null, failed, anomalous, evidence }))
  }
  return exitCode
}
