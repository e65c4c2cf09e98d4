import { withDeadline } from '../../../src/async/clock.ts'
import { systemClock as clock } from '../../../src/async/system-clock.ts'
import type { PipelineConfig } from '../../../src/config/pipeline-config.ts'
import type { RunOutcome } from '../experiment.ts'
import { openFaultBook } from './fault-book.ts'
import type { FaultBook } from './fault-book.ts'
import { startGround } from './ground.ts'
import type { Ground, GroundOptions } from './ground.ts'
import { judgeGround, untilDelivered } from './judge-ground.ts'
import type { Judged } from './judge-ground.ts'
import { positionInLedger } from './raw-transactions.ts'
import type { WorkerCredentials } from './pipeline-worker.ts'
import { parseRunConfig, runConfigText } from './run-config.ts'
import { tendWorkers, textOfNote } from './tended-workers.ts'
import type { TendedWorkers } from './tended-workers.ts'

/** How the pipeline of a run is. */
export interface TailraceRunOptions extends GroundOptions {
  readonly workers: number
  readonly lanes?: number
  /** Milliseconds; 3,000 by default. */
  readonly requestTimeoutMs?: number
  readonly sessionTimeoutMs?: number
  readonly heartbeatMs?: number
  readonly transactionTimeoutMs?: number
  /** How worker n is let in by its door; see there. */
  readonly credentialsOf?: (worker: number) => WorkerCredentials
  /** What must be there before the first worker starts. */
  readonly prepare?: (ground: Ground) => Promise<void>
  /** Aborts when the run is to be given up. */
  readonly signal: AbortSignal
}

/** What the experiment itself has to say in the judgement. */
export type FinishOptions = Partial<Pick<Judged, 'named' | 'isQuiet' | 'deletedTopic' | 'hangs' | 'notes'>>

/** Tailrace at work on a ground. */
export interface TailraceRun extends AsyncDisposable {
  readonly ground: Ground
  readonly config: PipelineConfig
  readonly workers: TendedWorkers
  readonly book: FaultBook
  readonly signal: AbortSignal
  /** Heals what is broken, waits until all is delivered, ends the workers and judges. */
  finish(more?: FinishOptions): Promise<RunOutcome>
}

/** The longest that a run waits for the rest after its last fault. */
const drainMs = 60_000

/** Starts ground and workers; resolves when the first changes are delivered. Worker n comes in by door n, as far as there are so many. */
export async function startTailraceRun(options: TailraceRunOptions): Promise<TailraceRun> {
  options.signal.throwIfAborted()
  await using stack = new AsyncDisposableStack()
  const ground = stack.use(await startGround(options))
  await options.prepare?.(ground)
  const { credentialsOf } = options
  const { requestTimeoutMs = 3_000, sessionTimeoutMs = 2_500 } = options
  const { lanes = 6, transactionTimeoutMs = 10_000 } = options
  const config = parseRunConfig(runConfigText(ground, { lanes, transactionTimeoutMs }))
  const settings = Array.from({ length: options.workers }, (_, worker) => ({
    config,
    bootstrapServers: ground.kafka.doors[worker % ground.kafka.doors.length]?.address ?? '',
    awsEndpoint: `http://${ground.aws.address}`,
    credentials: credentialsOf === undefined ? undefined : () => credentialsOf(worker),
    requestTimeoutMs,
    sessionTimeoutMs,
    heartbeatMs: options.heartbeatMs,
  }))
  const workers = stack.use(tendWorkers(settings, options.seed))
  const book = openFaultBook(() => workers.state())
  await untilWorking(ground, workers)
  const started = stack.move()
  return {
    ground,
    config,
    workers,
    book,
    signal: options.signal,
    finish: (more = {}) => finishRun({ ground, config, workers, book }, more),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  }
}

async function untilWorking({ watch }: Ground, workers: TendedWorkers): Promise<void> {
  const deadline = clock.monotonic() + 60_000
  while (watch.delivered.length < 20 || workers.state() !== 'lanes-taken') {
    if (clock.monotonic() > deadline) {
      throw new Error(`the pipeline did not begin to work: ${workers.notes.slice(-10).map(textOfNote).join('; ')}`)
    }
    await clock.sleep(100)
  }
}

/** What `finish` of a run does, for whoever put its parts together by hand. */
export async function finishRun(
  run: Pick<TailraceRun, 'ground' | 'config' | 'workers' | 'book'>,
  more: FinishOptions,
): Promise<RunOutcome> {
  const { ground, config, workers, book } = run
  await ground.heal()
  await ground.writing.stop()
  const late = more.isQuiet === false ? [] : await untilDelivered(ground, drainMs)
  const sluggish = await withDeadline(clock, 30_000, workers.stop(), () => new Error('slow')).then(
    () => [],
    () => ['a worker did not end within 30 s of being told to'],
  )
  return judgeGround({
    ground,
    book,
    positions: { positionsTopic: config.ledger.topic, positionOf: positionInLedger },
    ...more,
    hangs: [...late, ...sluggish, ...(more.hangs ?? [])],
    notes: [...(more.notes ?? []), ...(late.length === 0 ? [] : workers.notes.slice(-20).map(textOfNote))],
  })
}
