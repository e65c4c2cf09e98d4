import type { Clock } from '../async/clock.ts'
import type { Rng } from '../async/rng.ts'
import { createConnectorRun } from './connector-run.ts'
import type { ConnectorRun, ConnectorRunOptions } from './connector-run.ts'
import { createListeners } from './listeners.ts'
import type { PipelineRuns, RunConnector } from './pipeline-runs.ts'
import type { RunReport } from './process-reports.ts'
import type { ConnectorEntry } from './service-state.ts'

/** What runs pipelines in a process. */
export interface PipelineRunsOptions {
  /** `ProcessReport.process` of this process, for wishes that concern one. */
  readonly process: string
  readonly clock: Clock
  readonly rng: Rng
  readonly run: RunConnector
  /**
   * Whether two configurations of a connector mean the same pipeline, so that what runs may go on. A throw or a rejection counts as no: the new
   * configuration then fails where everybody sees it.
   */
  readonly hasSameMeaning: (a: ConnectorEntry, b: ConnectorEntry) => boolean | Promise<boolean>
  /** Told of each run that ended with an error; `retryInMs` is undefined if it is not begun again by itself. */
  readonly onFailure?: (name: string, error: unknown, retryInMs: number | undefined) => void
  /** Takes secrets out of what all processes are told of a failure: words of a server may repeat what it was sent. Default: nothing is hidden. */
  readonly hide?: ((text: string) => string) | undefined
}

/** Runs nothing before it is told what is wanted. Disposing ends every run, side by side, and waits for all of them. */
export function createPipelineRuns(options: PipelineRunsOptions): PipelineRuns {
  const slots = new Map<string, ConnectorRun>()
  const listeners = createListeners()
  const reports = new Map<string, RunReport>()
  const slotOf = (name: string): ConnectorRun => {
    const found = slots.get(name)
    if (found !== undefined) return found
    const slot: ConnectorRun = createConnectorRun(slotOptions(options, name), {
      onReport: (report) => {
        if (report === undefined) reports.delete(name)
        else reports.set(name, report)
        listeners.call()
      },
      onIdle: () => void slots.delete(name),
    })
    slots.set(name, slot)
    return slot
  }
  let isOver = false
  return {
    reports,
    want: (entries) => {
      if (isOver) return
      const wanted = new Map([...entries].map((entry) => [entry.name, entry]))
      for (const [name, slot] of Array.from(slots)) if (!wanted.has(name)) slot.want(undefined)
      for (const [name, entry] of wanted) slotOf(name).want(entry)
    },
    onChange: (listener) => listeners.add(listener),
    [Symbol.asyncDispose]: async () => {
      isOver = true
      await Promise.all([...slots.values()].map((slot) => slot[Symbol.asyncDispose]()))
    },
  }
}

function slotOptions(options: PipelineRunsOptions, name: string): ConnectorRunOptions {
  const { onFailure } = options
  return { ...options, onFailure: (error, retryInMs) => onFailure?.(name, error, retryInMs) }
}
