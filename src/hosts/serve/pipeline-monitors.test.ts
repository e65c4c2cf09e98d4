import { beforeEach, describe, expect, it } from 'vitest'
import { loadConnector } from '../../../test/fixtures/load-connector.ts'
import { begun, createMemoryLedger, ordersEntry } from '../../../test/fixtures/memory-ledger.ts'
import { seededRng } from '../../async/rng.ts'
import { streamRetentionMs } from '../../change/retention.ts'
import type { PipelineConfig } from '../../config/pipeline-config.ts'
import { TailraceError } from '../../errors.ts'
import { createPrometheusMetrics } from '../../observe/prometheus-metrics.ts'
import type { PrometheusMetrics } from '../../observe/prometheus-metrics.ts'
import type { PipelineEvent } from '../../pipeline/pipeline-event.ts'
import { knownFailure } from '../../service/known-failure.ts'
import type { RunConnector } from '../../service/pipeline-runs.ts'
import { createPipelineRuns } from '../../service/run-pipelines.ts'
import type { ConnectorEntry } from '../../service/service-state.ts'
import { createManualClock } from '../../testing/manual-clock.ts'
import type { ManualClock } from '../../testing/manual-clock.ts'
import type { PipelineLedger } from '../ledger/pipeline-ledger.ts'
import type { HealthCheck } from '../server/health-check.ts'
import { lookAtPaused } from './paused-ledger.ts'
import { createPipelineMonitors } from './pipeline-monitors.ts'
import type { PipelineMonitor } from '../server/pipeline-monitor.ts'
import type { PipelineMonitors } from './pipeline-monitors.ts'

const hourMs = 3_600_000
const shard = { lane: 1, table: 'orders', arn: 'arn', shardId: 'a' }
const budget = { inFlightBytes: 7 }
const config = loadConnector(
  JSON.stringify({
    'connector.class': 'tailrace.TailraceSourceConnector',
    name: 'shop',
    'source.tables': 'orders',
    'source.region': 'eu-west-1',
    'kafka.bootstrap.servers': 'broker:9092',
    'topic.prefix': 'shop',
  }),
  { env: {} },
)
const entry = (changes: Partial<ConnectorEntry> = {}): ConnectorEntry => ({
  name: 'shop',
  config: { name: 'shop' },
  configId: '1',
  target: 'RUNNING',
  ...changes,
})
const refused = new TailraceError('KAFKA_AUTHENTICATION', 'the brokers refuse the password')

let clock: ManualClock
let metrics: PrometheusMetrics
let monitors: PipelineMonitors
let outline: PipelineConfig | undefined
let elsewhere: Set<string>
let ledger: PipelineLedger | undefined
let isAway: boolean

beforeEach(() => {
  clock = createManualClock()
  metrics = createPrometheusMetrics({ hasProcessMetrics: false })
  outline = config
  elsewhere = new Set()
  ledger = undefined
  isAway = false
  const read = async (): Promise<PipelineLedger | undefined> => {
    if (isAway) throw new TailraceError('KAFKA_UNREACHABLE', 'no broker answers')
    return ledger
  }
  monitors = createPipelineMonitors({
    metrics,
    clock,
    outlineOf: () => outline,
    lookAtPaused: (_name, signal) => lookAtPaused({ clock, rng: seededRng(1) }, read, signal),
  })
})

/** Runs connectors with the monitors beside them, as a process of a service does. */
function running(run: RunConnector): { want: (...entries: readonly ConnectorEntry[]) => Promise<void> } {
  const runs = createPipelineRuns({
    process: 'me',
    clock,
    rng: seededRng(1),
    run,
    hasSameMeaning: () => false,
    onFailure: (name, error) => monitors.failed(name, knownFailure(error)),
  })
  runs.onChange(() => monitors.show(runs.reports, elsewhere))
  return {
    want: async (...entries) => {
      runs.want(entries)
      await clock.advance(0)
    },
  }
}

/** A worker as its events tell of it: it has lane 1 with a shard of which nothing is unread, and lets go of it at its end. */
function work({ onEvent }: Pick<PipelineMonitor, 'onEvent'>): () => void {
  const tell = (...events: readonly PipelineEvent[]): void => events.forEach(onEvent)
  tell(
    { kind: 'worker-started', pipeline: 'shop', lanes: 2 },
    { kind: 'lanes-assigned', generation: 1, lanes: [1] },
    { kind: 'lane-taken', lane: 1, shards: 1, tookMs: 1 },
    { kind: 'shard-opened', shard, after: '1', sinceMs: clock.now(), retentionMs: streamRetentionMs },
    { kind: 'page-read', shard, records: 0, bytes: 1, tookMs: 1 },
  )
  return () =>
    tell(
      { kind: 'shard-closed', shard },
      { kind: 'lane-released', lane: 1 },
      { kind: 'worker-stopped', pipeline: 'shop' },
    )
}

const value = async (name: string, labels = ''): Promise<number | undefined> => {
  const lines = (await metrics.expose()).split('\n')
  const line = lines.find(
    (each) => each.startsWith(`${name}{`) && each.includes('pipeline="shop"') && each.includes(labels),
  )
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ') + 1))
}
const headroomHours = async (): Promise<number> =>
  Math.round(((await value('tailrace_retention_headroom_seconds')) ?? NaN) / 3600)
const status = (state: string): Promise<number | undefined> =>
  value('kafka_connect_connector_task_status', `status="${state}"`)
const check = (name: string): HealthCheck | undefined => monitors.checks()['shop']?.find((each) => each.name === name)

describe('a connector that fails again and again', () => {
  it('says why, and its unread changes go on ageing', async () => {
    let attempts = 0
    const { want } = running(async (_entry, signal) => {
      if (++attempts > 1) throw refused
      const end = work(monitors.begin('shop', config, budget))
      await clock.sleep(60_000, signal)
      end()
      throw refused
    })
    await want(entry())
    expect(await headroomHours()).toBe(24)
    for (let minutes = 0; minutes < 180; minutes++) await clock.advance(60_000)
    expect(attempts).toBeGreaterThan(100)
    expect(await headroomHours()).toBe(21)
    expect(await status('restarting')).toBe(1)
    expect(check('run')).toEqual({
      name: 'run',
      status: 'warn',
      message: 'The pipeline is restarting here: the brokers refuse the password',
      code: 'KAFKA_AUTHENTICATION',
      remedy: refused.remedy,
    })
    expect(check('retention-headroom')?.message).toContain('21 h are left')
    for (let minutes = 0; minutes < 600; minutes++) await clock.advance(60_000)
    expect(check('retention-headroom')).toMatchObject({ status: 'warn' })
  })

  it('forgets what it held when another process has run it for a while, and not where all fail', async () => {
    let attempts = 0
    const { want } = running(async () => {
      const end = attempts++ === 0 ? work(monitors.begin('shop', config, budget)) : () => undefined
      end()
      throw refused
    })
    elsewhere.add('shop')
    await want(entry())
    for (let minutes = 0; minutes < 20; minutes++) {
      await clock.advance(60_000)
      // The other one fails, too.
      if (minutes % 3 === 0) elsewhere.delete('shop')
      else elsewhere.add('shop')
      monitors.show(new Map([['shop', { state: 'RESTARTING' }]]), elsewhere)
    }
    expect(await headroomHours()).toBe(24)
    elsewhere.add('shop')
    for (let minutes = 0; minutes < 7; minutes++) await clock.advance(60_000)
    expect(await headroomHours()).toBeNaN()
    expect(check('run')).toMatchObject({ status: 'warn', code: 'KAFKA_AUTHENTICATION' })
  })

  it('shows what its next run does, without a break', async () => {
    let end = (): void => undefined
    let fail = (_error: Error): void => undefined
    const { want } = running((_entry, signal) => {
      end = work(monitors.begin('shop', config, budget))
      return new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => resolve())
        fail = reject
      })
    })
    await want(entry())
    await clock.advance(hourMs)
    end()
    fail(new Error('unknown'))
    await clock.advance(500)
    expect(await headroomHours()).toBe(23)
    expect(check('run')).toMatchObject({ status: 'warn', code: 'INTERNAL' })
    await clock.advance(60_000)
    expect(await headroomHours()).toBe(24)
    expect(await status('running')).toBe(1)
    expect(check('run')).toMatchObject({ status: 'ok' })
  })
})

describe('a connector that has not run here', () => {
  it('is shown although it fails while it is loaded', async () => {
    const { want } = running(() => Promise.reject(new TailraceError('SECRET_UNAVAILABLE', 'AWS does not give it')))
    await want(entry())
    expect(check('run')).toMatchObject({ status: 'warn', code: 'SECRET_UNAVAILABLE' })
    expect(await status('failed')).toBe(1)
    await want()
    expect(monitors.checks()).toEqual({})
    expect(await status('running')).toBeUndefined()
  })

  it('is shown under its own name where its configuration means no pipeline', async () => {
    outline = undefined
    const { want } = running(() => Promise.reject(new TailraceError('CONFIG_INVALID', 'it cannot be')))
    await want(entry())
    expect(await status('failed')).toBe(1)
    expect(check('run')).toMatchObject({ code: 'CONFIG_INVALID' })
  })

  it('because it is paused is shown with what its ledger says, once that can be read', async () => {
    const memory = createMemoryLedger(ordersEntry, { ...begun('p'), sinceMs: clock.now() - 5 * hourMs })
    const identity = { kind: 'identity', pipeline: 'shop', clusterId: 'c', topicId: 'l', lanes: 3 } as const
    isAway = true
    ledger = { identity: { ...identity, epoch: 1, fingerprint: 'f' }, lanes: memory.read(), tables: [ordersEntry] }
    const { want } = running(async () => undefined)
    await want(entry({ target: 'PAUSED' }))
    expect(await status('paused')).toBe(1)
    expect(await headroomHours()).toBeNaN()
    isAway = false
    await clock.advance(60_000)
    expect(await headroomHours()).toBe(19)
    await clock.advance(8 * hourMs)
    expect(await headroomHours()).toBe(11)
    expect(check('retention-headroom')).toMatchObject({ status: 'warn' })
  })
})
