import type { ByteBudget } from '../../async/byte-budget.ts'
import type { Clock } from '../../async/clock.ts'
import type { PipelineConfig } from '../../config/pipeline-config.ts'
import type { TailraceError } from '../../errors.ts'
import type { PrometheusMetrics } from '../../observe/prometheus-metrics.ts'
import type { PipelineEvent } from '../../pipeline/pipeline-event.ts'
import type { RunReport } from '../../service/process-reports.ts'
import type { PipelineState } from '../server/connect-feed.ts'
import type { HealthCheck } from '../server/health-check.ts'
import { createPipelineMonitor } from '../server/pipeline-monitor.ts'
import type { PipelineMonitor } from '../server/pipeline-monitor.ts'

/**
 * The monitors of all pipelines of a process, from the moment at which it hears of a connector. One stays while its pipeline is paused, stopped,
 * failed or begun again and again: what is unread goes on ageing.
 */
export interface PipelineMonitors extends Disposable {
  /** For a run that begins: the one that is there, if it shows the same pipeline in the same way; else a new one. */
  begin(name: string, config: PipelineConfig, budget: Pick<ByteBudget, 'inFlightBytes'>): PipelineMonitor
  /** What a run failed with, without secrets; before the report of that is shown. */
  failed(name: string, error: TailraceError): void
  /**
   * Tells each what its pipeline does, makes those that are missing, and ends those of connectors that are gone. `elsewhere`: connectors that
   * another living process runs.
   */
  show(reports: ReadonlyMap<string, Pick<RunReport, 'state'>>, elsewhere: ReadonlySet<string>): void
  /** By connector. */
  checks(): Readonly<Record<string, readonly HealthCheck[]>>
}

/** What they are made of. */
export interface PipelineMonitorsOptions {
  readonly metrics: PrometheusMetrics
  readonly clock: Clock
  /** What a connector means, as far as that can be told without its secrets; undefined if it means no pipeline. */
  readonly outlineOf: (name: string) => PipelineConfig | undefined
  /** What stands still in a pipeline that was paused before this process came, as events. Waits as long as it must; rejects only if `signal` aborts. */
  readonly lookAtPaused: (name: string, signal: AbortSignal) => Promise<readonly PipelineEvent[]>
}

/** So long another process must have run what fails here, until what this one held is taken for that one's. Milliseconds. */
const takenOverAfterMs = 300_000

/** What a monitor shows, and how: another one needs another monitor. */
interface Shown {
  readonly pipeline: string
  readonly logicalName: string
  readonly budgetBytes: number
  readonly isPerShard: boolean
}

interface Kept {
  readonly monitor: PipelineMonitor
  readonly shown: Shown
  /** That of the present run, or of the last one. */
  budget: Pick<ByteBudget, 'inFlightBytes'>
  /** Over when a run begins, and with the monitor. */
  readonly waiting: AbortController
  failure: TailraceError | undefined
  /** Since when it fails here, and since when another process has run it without a break. Monotonic milliseconds. */
  failingSinceMs: number | undefined
  elsewhereSinceMs: number | undefined
}

/** None at first. */
export function createPipelineMonitors(options: PipelineMonitorsOptions): PipelineMonitors {
  return new Monitors(options)
}

class Monitors implements PipelineMonitors {
  readonly #options: PipelineMonitorsOptions
  readonly #kept = new Map<string, Kept>()

  constructor(options: PipelineMonitorsOptions) {
    this.#options = options
    // In front of what the monitors themselves do then.
    options.metrics.onScrape(() => this.#letGo())
    this.#count()
  }

  begin(name: string, config: PipelineConfig, budget: Pick<ByteBudget, 'inFlightBytes'>): PipelineMonitor {
    const shown = shownOf(name, config)
    const known = this.#kept.get(name)
    const one = known !== undefined && isSame(known.shown, shown) ? known : this.#make(name, shown)
    one.budget = budget
    one.waiting.abort(new Error('the pipeline is run'))
    one.monitor.setState('running')
    this.#count()
    return one.monitor
  }

  failed(name: string, error: TailraceError): void {
    const one = this.#kept.get(name)
    if (one !== undefined) one.failure = error
  }

  show(reports: ReadonlyMap<string, Pick<RunReport, 'state'>>, elsewhere: ReadonlySet<string>): void {
    for (const name of this.#kept.keys()) if (!reports.has(name)) this.#end(name)
    for (const [name, { state }] of reports) {
      if (!this.#kept.has(name)) this.#meet(name, state)
      const one = this.#kept.get(name)
      if (one !== undefined) showState(one, state, elsewhere.has(name), this.#options.clock.monotonic())
    }
    this.#count()
  }

  checks(): Readonly<Record<string, readonly HealthCheck[]>> {
    this.#letGo()
    return Object.fromEntries([...this.#kept].map(([name, { monitor }]) => [name, monitor.checks()]))
  }

  [Symbol.dispose](): void {
    for (const name of this.#kept.keys()) this.#end(name)
  }

  /** Two of one name would take each other's series away: then the first one stays, until the service refuses the other. */
  #meet(name: string, state: RunReport['state']): void {
    const { outlineOf, lookAtPaused } = this.#options
    const shown = shownOf(name, outlineOf(name))
    if ([...this.#kept.values()].some((other) => other.shown.pipeline === shown.pipeline)) return
    const { monitor, waiting } = this.#make(name, shown)
    if (state !== 'PAUSED') return
    const tell = (events: readonly PipelineEvent[]): void => {
      if (!waiting.signal.aborted) events.forEach(monitor.onEvent)
    }
    lookAtPaused(name, waiting.signal).then(tell, () => undefined)
  }

  #make(name: string, shown: Shown): Kept {
    this.#end(name)
    const made = keep(shown, this.#options)
    this.#kept.set(name, made)
    return made
  }

  #end(name: string): void {
    const one = this.#kept.get(name)
    one?.waiting.abort(new Error('nobody watches the pipeline any more'))
    one?.monitor[Symbol.dispose]()
    this.#kept.delete(name)
  }

  #letGo(): void {
    const nowMs = this.#options.clock.monotonic()
    for (const one of this.#kept.values()) letGo(one, nowMs)
  }

  #count(): void {
    const { metrics } = this.#options
    metrics.set('kafka_connect_connect_worker_metrics_connector_count', {}, this.#kept.size)
    metrics.set('kafka_connect_connect_worker_metrics_task_count', {}, this.#kept.size)
  }
}

function keep(shown: Shown, { metrics, clock }: PipelineMonitorsOptions): Kept {
  const budget = {
    get inFlightBytes() {
      return one.budget.inFlightBytes
    },
  }
  const one: Kept = {
    monitor: createPipelineMonitor({ metrics, ...shown, budget, clock }),
    shown,
    budget: { inFlightBytes: 0 },
    waiting: new AbortController(),
    failure: undefined,
    failingSinceMs: undefined,
    elsewhereSinceMs: undefined,
  }
  return one
}

function showState(one: Kept, state: RunReport['state'], isElsewhere: boolean, nowMs: number): void {
  const isFailing = state === 'FAILED' || state === 'RESTARTING'
  one.monitor.setState(inLetters[state], isFailing ? one.failure : undefined)
  if (isFailing) one.failingSinceMs ??= nowMs
  one.elsewhereSinceMs = isElsewhere ? (one.elsewhereSinceMs ?? nowMs) : undefined
}

/** Who fails alone has lost its lanes to those who do not, and they tell of them. Where all fail, nobody runs it for long. */
function letGo(one: Kept, nowMs: number): void {
  const { board } = one.monitor
  if (board.hasAssignment) one.failingSinceMs = undefined
  const sinceMs = Math.max(one.failingSinceMs ?? Infinity, one.elsewhereSinceMs ?? Infinity)
  if (nowMs - sinceMs >= takenOverAfterMs) board.letGo()
}

/** A connector that means no pipeline is shown under its own name. */
function shownOf(name: string, config: PipelineConfig | undefined): Shown {
  if (config === undefined) return { pipeline: name, logicalName: name, budgetBytes: 0, isPerShard: false }
  const { pipeline, topic, memoryMaxBytes, hasShardMetrics } = config
  return { pipeline, logicalName: topic.prefix, budgetBytes: memoryMaxBytes, isPerShard: hasShardMetrics }
}

function isSame(a: Shown, b: Shown): boolean {
  return (
    a.pipeline === b.pipeline &&
    a.logicalName === b.logicalName &&
    a.budgetBytes === b.budgetBytes &&
    a.isPerShard === b.isPerShard
  )
}

const inLetters: Readonly<Record<RunReport['state'], PipelineState>> = {
  RUNNING: 'running',
  PAUSED: 'paused',
  STOPPED: 'stopped',
  FAILED: 'failed',
  RESTARTING: 'restarting',
}
