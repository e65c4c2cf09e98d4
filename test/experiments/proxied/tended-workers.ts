import { seededRng } from '../../../src/async/rng.ts'
import { systemClock as clock } from '../../../src/async/system-clock.ts'
import { TailraceError } from '../../../src/errors.ts'
import type { PipelineEvent } from '../../../src/pipeline/pipeline-event.ts'
import type { SourceEvent } from '../../../src/sources/source-event.ts'
import { pause } from '../../faults/pause.ts'
import { runPipelineWorker } from './pipeline-worker.ts'
import type { PipelineWorkerOptions } from './pipeline-worker.ts'

/** A worker's settings; what it reports goes to the notes. */
export type TendedWorkerOptions = Omit<PipelineWorkerOptions, 'onEvent' | 'onGroupProblem' | 'onSourceEvent' | 'rng'>

/** Something that a worker reported, or the error that it ended with. */
export interface WorkerNote {
  readonly worker: number
  /** Monotonic milliseconds. */
  readonly atMs: number
  readonly event: PipelineEvent | { readonly kind: 'worker-died'; readonly error: unknown }
}

/** Workers, each of which is started again when it ends, as an operator's process manager does. */
export interface TendedWorkers extends AsyncDisposable {
  /** Everything but pages, oldest first. */
  readonly notes: readonly WorkerNote[]
  /** What the consumer group answered that was not hoped for: worker and text, oldest first. */
  readonly groupProblems: readonly (readonly [worker: number, text: string])[]
  /** Requests to AWS that failed and were repeated: messages by code. */
  readonly awsMessages: ReadonlyMap<string, ReadonlySet<string>>
  /** What the pipeline is at: for the states that faults meet. */
  state(): WorkersState
  /** Ends all workers in order and starts them again. */
  restartAll(): Promise<void>
  /** Ends them in order and leaves them ended. Rejects when one does not end. */
  stop(): Promise<void>
}

/** `lanes-taken`: every lane has an owner; `retaking`: one is being taken again; `rebalancing`: one has no owner. */
export type WorkersState = 'lanes-taken' | 'retaking' | 'rebalancing'

/** The pause between the end of a worker and its next start. */
const restartMs = 300

/** Starts one worker for each of the options. */
export function tendWorkers(workers: readonly TendedWorkerOptions[], seed: number): TendedWorkers {
  const notes: WorkerNote[] = []
  const groupProblems: [number, string][] = []
  const awsMessages = new Map<string, Set<string>>()
  const lanes = workers[0]?.config.lanes ?? 0
  /** Lane by worker, and whether it is taken. */
  const held = new Map<string, 'taken' | 'in-doubt'>()
  const end = new AbortController()
  let round = new AbortController()
  const note = (worker: number, event: WorkerNote['event']): void => {
    if (event.kind === 'page-read') return
    notes.push({ worker, atMs: clock.monotonic(), event })
    if (event.kind === 'lane-taken') held.set(`${worker}/${event.lane}`, 'taken')
    else if (event.kind === 'lane-in-doubt') held.set(`${worker}/${event.lane}`, 'in-doubt')
    else if (event.kind === 'lane-released') held.delete(`${worker}/${event.lane}`)
  }
  const noteSource = (event: SourceEvent): void => {
    const [code, message] = event.kind === 'retried' ? [event.code, event.message] : [event.kind, '']
    const messages = awsMessages.get(code) ?? new Set<string>()
    awsMessages.set(code, messages)
    if (messages.size < 100) messages.add(message)
  }
  const tend = async (options: TendedWorkerOptions, worker: number): Promise<void> => {
    const rng = seededRng(seed * 1_000 + worker)
    for (let isFirst = true; !end.signal.aborted; isFirst = false) {
      if (!isFirst) await pause(clock, restartMs, end.signal)
      const { signal } = round
      const onEvent = (event: PipelineEvent): void => note(worker, event)
      const onGroupProblem = (error: unknown): void => void groupProblems.push([worker, textOfError(error)])
      const reports = { onEvent, onGroupProblem, onSourceEvent: noteSource }
      await runPipelineWorker({ ...options, ...reports, rng }, signal).catch((error: unknown) => {
        if (!signal.aborted) note(worker, { kind: 'worker-died', error })
      })
      for (const name of held.keys()) if (name.startsWith(`${worker}/`)) held.delete(name)
    }
  }
  const stopRound = (): void => round.abort(new Error('the worker is stopped by the experiment'))
  const running = workers.map(tend)
  const stop = async (): Promise<void> => {
    end.abort('over')
    stopRound()
    await Promise.all(running)
  }
  return {
    notes,
    groupProblems,
    awsMessages,
    state: () => {
      const states = [...held.values()]
      if (states.includes('in-doubt')) return 'retaking'
      return states.length >= lanes ? 'lanes-taken' : 'rebalancing'
    },
    restartAll: async () => {
      stopRound()
      round = new AbortController()
      await clock.sleep(restartMs)
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

/** One line about a note, with the codes and messages of its errors. */
export function textOfNote({ worker, event }: WorkerNote): string {
  const lane = 'lane' in event ? ` lane ${event.lane}` : ''
  const code = 'code' in event ? ` ${event.code}` : ''
  const error = 'error' in event ? `: ${textOfError(event.error)}` : ''
  return `worker ${worker} ${event.kind}${lane}${code}${error}`
}

/** Code and message, with the causes behind. */
export function textOfError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = error instanceof TailraceError ? `${error.code} ` : ''
  const cause = error.cause === undefined ? '' : ` <- ${textOfError(error.cause)}`
  return `${code}${error.message}${cause}`
}
