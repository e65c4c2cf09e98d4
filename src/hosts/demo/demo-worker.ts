import { systemClock } from '../../async/system-clock.ts'
import { TailraceError } from '../../errors.ts'
import { createLogger } from '../../observe/create-logger.ts'
import type { Logger } from '../../observe/logger.ts'
import type { Redactor } from '../../observe/redactor.ts'
import type { PipelineEvent } from '../../pipeline/pipeline-event.ts'
import type { ProgressBoard } from '../server/progress-board.ts'
import { snapshotLine } from '../server/snapshot-line.ts'
import { createSnapshotReport } from '../server/snapshot-report.ts'
import { runWorkerProcess } from '../worker-process.ts'
import { demoPipeline, madeUpCredentials, shopTopic, topicPartitions } from './demo-pipeline.ts'
import type { DemoServers } from './demo-servers.ts'

/** What the demo's worker is started with. */
export interface DemoWorkerOptions {
  readonly servers: DemoServers
  readonly version: string
  readonly redactor: Redactor
  readonly hasColor: boolean
  /** A warning or an error of the worker, as a line without its break. */
  readonly onLog: (line: string) => void
  /** How far the snapshot is, in a line. */
  readonly onSnapshot: (line: string) => void
}

/** A real worker in this process. Disposing stops it and hides how it ended. */
export interface DemoWorker extends AsyncDisposable {
  readonly board: ProgressBoard
  readonly topic: string
  readonly partitions: number
  readonly monitoringUrl: string | undefined
  /** Resolves when the table's items are in the topic, with how many rows that made. */
  readonly snapshot: Promise<number>
  /** Aborts, with the error as its reason, when the worker ends by itself. */
  readonly failed: AbortSignal
  /** Hands over in order; rejects with what the worker failed with. */
  stop(): Promise<void>
}

const reportEveryMs = 250

/** Starts the worker and waits until it reads the table's stream; rejects if it fails before, or on abort. */
export async function startDemoWorker(options: DemoWorkerOptions, signal: AbortSignal): Promise<DemoWorker> {
  const stopping = new AbortController()
  const failed = new AbortController()
  const first = createFirstEvents()
  const { onStarted } = first
  const { servers, version } = options
  const report = createSnapshotReport(systemClock, reportEveryMs, (progress) =>
    options.onSnapshot(snapshotLine(progress)),
  )
  const onEvent = (event: PipelineEvent): void => {
    report(event)
    first.onEvent(event)
  }
  const logger = loggerOf(options)
  const config = demoPipeline(servers)
  const worker = { config, version, env: {}, credentials: madeUpCredentials, logger, onEvent, onStarted }
  const run = async (): Promise<void> => {
    try {
      await runWorkerProcess(worker, stopping.signal)
      if (!stopping.signal.aborted) throw new TailraceError('INTERNAL', 'the worker of the demo ended by itself')
    } catch (error) {
      failed.abort(error)
    }
  }
  const running = run()
  const stop = async (): Promise<void> => {
    stopping.abort(new DOMException('the demo ends', 'AbortError'))
    await running
  }
  try {
    const facts = await firstOf(first.reading, AbortSignal.any([signal, failed.signal]))
    return {
      ...facts,
      topic: shopTopic,
      snapshot: first.snapshot,
      partitions: topicPartitions,
      failed: failed.signal,
      stop: async () => {
        await stop()
        failed.signal.throwIfAborted()
      },
      [Symbol.asyncDispose]: stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

interface WorkerFacts {
  readonly board: ProgressBoard
  readonly monitoringUrl: string | undefined
}

/** Gathers from the worker's events what the demo must know; `reading` resolves when the first shard is open. */
function createFirstEvents(): {
  readonly onStarted: (worker: WorkerFacts) => void
  readonly onEvent: (event: PipelineEvent) => void
  readonly reading: Promise<WorkerFacts>
  readonly snapshot: Promise<number>
} {
  const { promise, resolve } = Promise.withResolvers<WorkerFacts>()
  const snapshot = Promise.withResolvers<number>()
  let started: WorkerFacts | undefined
  return {
    onStarted: (worker) => {
      started = worker
    },
    onEvent: (event) => {
      if (event.kind === 'snapshot-completed') snapshot.resolve(event.rows)
      if (event.kind === 'shard-opened' && started !== undefined) resolve(started)
    },
    reading: promise,
    snapshot: snapshot.promise,
  }
}

function loggerOf({ hasColor, onLog, redactor }: DemoWorkerOptions): Logger {
  return createLogger({
    level: 'warn',
    format: 'pretty',
    isColored: hasColor,
    destination: { write: (line) => onLog(line.trimEnd()) },
    now: () => systemClock.now(),
    redactor,
  })
}

/** What `promise` gives, unless `signal` aborts before. */
function firstOf<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
