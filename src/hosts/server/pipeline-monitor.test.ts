import { describe, expect, it } from 'vitest'
import { streamRetentionMs } from '../../change/retention.ts'
import { TailraceError } from '../../errors.ts'
import { createPrometheusMetrics } from '../../observe/prometheus-metrics.ts'
import type { PipelineEvent } from '../../pipeline/pipeline-event.ts'
import { createManualClock } from '../../testing/manual-clock.ts'
import type { HealthCheck } from './health-check.ts'
import { createPipelineMonitor } from './pipeline-monitor.ts'

const hourMs = 3_600_000
const shard = { lane: 1, table: 'orders', arn: 'arn', shardId: 'a' }
const start = createManualClock().now()
const assigned: PipelineEvent = { kind: 'lanes-assigned', generation: 3, lanes: [1] }
const taken: PipelineEvent = { kind: 'lane-taken', lane: 1, shards: 1, tookMs: 1 }
const opened: PipelineEvent = {
  kind: 'shard-opened',
  shard,
  after: '1',
  sinceMs: start - hourMs,
  retentionMs: streamRetentionMs,
}
const survey = (parts: Partial<Extract<PipelineEvent, { kind: 'lane-surveyed' }>> = {}): PipelineEvent => ({
  kind: 'lane-surveyed',
  lane: 1,
  waiting: 0,
  open: 1,
  ended: 0,
  halted: [],
  standing: [],
  snapshots: [],
  ...parts,
})
const page = (records: number, tookMs = 20): PipelineEvent => ({
  kind: 'page-read',
  shard,
  records,
  bytes: 100,
  tookMs,
})
const committed = (changes: number, lagMs = 500): PipelineEvent => ({
  kind: 'transaction-committed',
  lane: 1,
  changes,
  records: changes,
  bytes: 10,
  tookMs: 40,
  shards: [{ shard, changes, read: changes, lastCreatedAtMs: start - lagMs, committedAtMs: start }],
})

function monitored(isPerShard = false) {
  const clock = createManualClock()
  const metrics = createPrometheusMetrics({ hasProcessMetrics: false })
  const monitor = createPipelineMonitor({
    metrics,
    pipeline: 'shop',
    logicalName: 'shop-topics',
    budget: { inFlightBytes: 77 },
    budgetBytes: 1000,
    isPerShard,
    clock,
  })
  monitor.setState('running')
  const tell = (...events: PipelineEvent[]): void => events.forEach(monitor.onEvent)
  const value = async (name: string, labels: Readonly<Record<string, string>> = {}): Promise<string | undefined> => {
    const lines = (await metrics.expose()).split('\n')
    const wanted = Object.entries(labels).map(([label, text]) => `${label}="${text}"`)
    const line = lines.find((each) => each.startsWith(`${name}{`) && wanted.every((part) => each.includes(part)))
    return line?.slice(line.lastIndexOf(' ') + 1)
  }
  const check = (name: string): HealthCheck | undefined => monitor.checks().find((each) => each.name === name)
  return { clock, metrics, monitor, tell, value, check }
}

describe('checks by name', () => {
  it('fail only while the group has not told the share', () => {
    const { tell, monitor, check } = monitored()
    expect(check('membership')).toMatchObject({ status: 'fail' })
    tell(assigned)
    expect(check('membership')).toMatchObject({ status: 'ok', message: expect.stringContaining('1 lane ') })
    expect(check('lanes')).toMatchObject({ status: 'warn', message: expect.stringContaining('not yet taken (1)') })
    tell(taken, opened, survey(), page(0))
    expect(monitor.checks().map(({ name, status }) => `${name} ${status}`)).toEqual([
      'configuration ok',
      'run ok',
      'membership ok',
      'lanes ok',
      'source ok',
      'tables ok',
      'coordinator ok',
      'retention-headroom ok',
    ])
  })

  it('say why, and what to do', async () => {
    const { clock, tell, monitor, check } = monitored()
    const error = new TailraceError('KAFKA_UNREACHABLE', 'no broker answers')
    tell(assigned, taken, opened, { kind: 'lane-in-doubt', lane: 1, error, retryInMs: 1 })
    expect(check('lanes')).toMatchObject({ status: 'warn', code: 'KAFKA_UNREACHABLE', remedy: error.remedy })
    const retried = { kind: 'retried', action: 'GetRecords', attempt: 1, delayMs: 100 } as const
    monitor.onSourceEvent({ ...retried, code: 'AWS_ACCESS_DENIED', message: 'not allowed' })
    expect(check('source')).toMatchObject({ status: 'warn', message: 'GetRecords: not allowed' })
    await clock.advance(61_000)
    expect(check('source')).toMatchObject({ status: 'ok' })
    tell(
      taken,
      survey({ standing: [{ table: 'ailing', arn: 'arn-2', status: 'stopped', code: 'STREAM_GAP', reason: 'a gap' }] }),
    )
    expect(check('tables')).toMatchObject({
      status: 'warn',
      code: 'STREAM_GAP',
      message: '1 table stopped (ailing): a gap',
    })
    tell({ kind: 'coordinator-failed', error, retryInMs: 1 })
    expect(check('coordinator')).toMatchObject({ status: 'warn', code: 'KAFKA_UNREACHABLE' })
    tell({ kind: 'tables-looked-for', tables: 1, skipped: [] })
    expect(check('coordinator')).toMatchObject({ status: 'ok' })
  })

  it('say what a pipeline failed with', () => {
    const { monitor, check } = monitored()
    const error = new TailraceError('LEDGER_LOST', 'the ledger is gone')
    monitor.setState('failed', error)
    const message = 'The pipeline is failed here: the ledger is gone'
    expect(check('run')).toEqual({ name: 'run', status: 'warn', message, code: 'LEDGER_LOST', remedy: error.remedy })
    monitor.setState('running')
    expect(check('run')).toMatchObject({ status: 'ok' })
  })

  it('warn when half of the day is gone, with the table and how old its changes are', async () => {
    const { clock, tell, check, value } = monitored()
    tell(assigned, taken, opened)
    await clock.advance(10 * hourMs)
    expect(check('retention-headroom')).toMatchObject({ status: 'ok' })
    await clock.advance(2 * hourMs)
    const message = 'The oldest unread change of orders is at most 13 h old; 11 h are left before changes are lost.'
    expect(check('retention-headroom')).toMatchObject({ status: 'warn', message })
    expect(await value('tailrace_retention_headroom_seconds', { table: 'orders' })).toBe(String(11 * 3600))
    expect(await value('tailrace_oldest_unread_age_seconds', { table: 'orders' })).toBe(String(13 * 3600))
    expect(await value('tailrace_health_check', { check: 'retention-headroom', status: 'warn' })).toBe('1')
    expect(await value('tailrace_health_check', { check: 'retention-headroom', status: 'ok' })).toBe('0')
  })
})

describe('series', () => {
  it('of shards are there on request only', async () => {
    for (const isPerShard of [false, true]) {
      const { tell, value } = monitored(isPerShard)
      tell(taken, opened)
      expect(await value('tailrace_shard_iterator_age_seconds')).toBe(isPerShard ? '3600' : undefined)
    }
  })

  it('of what is given away go, and all of them with the monitor', async () => {
    const { metrics, monitor, tell, value } = monitored(true)
    tell(taken, opened, survey(), committed(1))
    expect(await value('tailrace_entity_health', { entity: 'table orders', status: 'streaming' })).toBe('1')
    expect(await value('tailrace_checkpoint_age_seconds')).toBe('0')
    tell({ kind: 'shard-closed', shard }, { kind: 'lane-released', lane: 1 })
    for (const name of [
      'entity_health',
      'checkpoint_age_seconds',
      'retention_headroom_seconds',
      'shard_iterator_age_seconds',
    ])
      expect(await value(`tailrace_${name}`)).toBeUndefined()
    monitor[Symbol.dispose]()
    expect(await metrics.expose()).not.toContain('pipeline="shop"')
  })

  it.each([
    ['stopped', 'retired'],
    ['retired', 'stopped'],
  ] as const)('of tables of one name, %s and %s, tell the one that needs a look', async (...statuses) => {
    const { tell, check, value } = monitored()
    const gap = { code: 'STREAM_GAP', reason: 'a gap' }
    const standing = statuses.map((status) => ({ table: 'orders', arn: `arn-${status}`, status, ...gap }))
    tell(assigned, taken, survey({ standing }))
    expect(await value('tailrace_entity_health', { entity: 'table orders', status: 'stopped' })).toBe('1')
    expect(await value('tailrace_entity_health', { entity: 'table orders', status: 'retired' })).toBe('0')
    expect(check('tables')).toMatchObject({ status: 'warn', message: '1 table stopped (arn-stopped): a gap' })
    // One that is read elsewhere does not hide it, either.
    tell(opened)
    expect(await value('tailrace_entity_health', { entity: 'table orders', status: 'stopped' })).toBe('1')
  })

  it('tell a stopped table to every process that holds a lane', async () => {
    const { tell, value } = monitored()
    tell(
      taken,
      survey({ standing: [{ table: 'orders', arn: 'arn', status: 'stopped', code: 'STREAM_GAP', reason: 'x' }] }),
    )
    expect(await value('tailrace_entity_health', { entity: 'table orders', status: 'stopped' })).toBe('1')
    tell(opened, survey())
    expect(await value('tailrace_entity_health', { entity: 'table orders', status: 'stopped' })).toBe('0')
  })
})

describe("Debezium's names", () => {
  it('count changes by what they do, and rows of snapshots', async () => {
    const { tell, value } = monitored()
    tell({ kind: 'changes-converted', table: 'orders', operations: { inserts: 3, modifies: 2, removes: 1 } })
    const count = (type: string): Promise<string | undefined> =>
      value('debezium_event_count_total', { debezium_event_type: type, debezium_logical_name: 'shop-topics' })
    expect([await count('create'), await count('update'), await count('delete')]).toEqual(['3', '2', '1'])
    expect(await value('tailrace_operations_total', { operation: 'modify' })).toBe('2')
  })

  it('tell lag, time since the last change, the queue and the connection, once they are known', async () => {
    const { clock, monitor, tell, value } = monitored()
    for (const name of ['source_lag_seconds', 'event_time_since_last_seconds', 'connection_status'])
      expect(await value(`debezium_${name}`)).toBeUndefined()
    tell(taken, opened, page(5), committed(5))
    await clock.advance(9000)
    expect(await value('debezium_source_lag_seconds')).toBe('0.5')
    expect(await value('debezium_event_time_since_last_seconds')).toBe('9')
    expect(await value('debezium_queue_size_bytes')).toBe('77')
    expect(await value('debezium_queue_size_limit_bytes')).toBe('1000')
    const connected = (): Promise<string | undefined> =>
      value('debezium_connection_status', { debezium_connection_state: 'connected' })
    monitor.onRequest('GetRecords', 'AWS_UNREACHABLE')
    expect(await connected()).toBe('0')
    monitor.onRequest('GetRecords', 'stopped')
    expect(await connected()).toBe('0')
    monitor.onRequest('GetRecords', 'TrimmedDataAccessException')
    expect(await connected()).toBe('1')
  })

  it('show snapshots as the ledger has them', async () => {
    const { clock, tell, value } = monitored()
    const one = { table: 'orders', state: 'running', beganAtMs: start - 60_000, endedAtMs: undefined } as const
    const done = { table: 'users', state: 'completed', beganAtMs: start - 90_000, endedAtMs: start - 80_000 } as const
    const flags = async (): Promise<readonly (string | undefined)[]> => [
      await value('debezium_snapshot_running', { debezium_snapshot_running_state: 'running' }),
      await value('debezium_snapshot_completed', { debezium_snapshot_completed_state: 'completed' }),
      await value('debezium_snapshot_paused', { debezium_snapshot_paused_state: 'paused' }),
      await value('debezium_snapshot_aborted', { debezium_snapshot_aborted_state: 'aborted' }),
      await value('debezium_snapshot_table_remaining_count'),
      await value('debezium_snapshot_duration_seconds'),
    ]
    tell(taken, survey())
    expect(await flags()).toEqual(['0', '0', '0', '0', '0', undefined])
    tell(survey({ snapshots: [one, done] }))
    await clock.advance(10_000)
    expect(await flags()).toEqual(['1', '0', '0', '0', '1', '100'])
    tell(survey({ snapshots: [{ ...one, state: 'parked' }, done] }))
    expect((await flags()).slice(0, 5)).toEqual(['0', '0', '1', '0', '1'])
    tell(survey({ snapshots: [{ ...one, state: 'failed', endedAtMs: start }, done] }))
    expect(await flags()).toEqual(['0', '0', '0', '1', '1', '90'])
    tell(survey({ snapshots: [{ ...one, state: 'completed', endedAtMs: start }, done] }))
    expect(await flags()).toEqual(['0', '1', '0', '0', '0', '90'])
  })
})

describe("Connect's names", () => {
  const error = new TailraceError('KAFKA_FENCED', 'x')
  const task = (name: string): string => `kafka_connect_source_task_metrics_${name}`

  it('count for ever, and measure the last thirty seconds', async () => {
    const { clock, tell, value } = monitored()
    tell(taken, opened, page(6, 10), page(24, 30), page(0, 500), committed(20))
    expect(await value(task('source_record_poll_total'), { connector: 'shop', task: '0' })).toBe('30')
    expect(await value(task('source_record_write_total'))).toBe('20')
    expect(await value(task('source_record_active_count'))).toBe('10')
    expect(await value(task('source_record_poll_rate'))).toBe('1')
    expect(await value(task('poll_batch_avg_time_ms'))).toBe('20')
    expect(await value(task('poll_batch_max_time_ms'))).toBe('30')
    expect(await value('kafka_connect_connector_task_metrics_batch_size_max')).toBe('24')
    await clock.advance(31_000)
    expect(await value(task('source_record_poll_total'))).toBe('30')
    expect(await value(task('source_record_poll_rate'))).toBe('0')
    expect(await value(task('poll_batch_max_time_ms'))).toBeUndefined()
  })

  it('tell which commits came about', async () => {
    const { tell, value } = monitored()
    const share = (what: string): Promise<string | undefined> =>
      value(`kafka_connect_connector_task_metrics_offset_commit_${what}_percentage`)
    expect(await share('success')).toBeUndefined()
    tell(taken, committed(1), committed(1), committed(1), { kind: 'lane-in-doubt', lane: 1, error, retryInMs: 1 })
    expect([await share('success'), await share('failure')]).toEqual(['0.75', '0.25'])
    expect(await value('kafka_connect_task_error_metrics_total_errors_logged')).toBe('1')
  })

  it('count what could not pass', async () => {
    const { tell, value } = monitored()
    const errors = (name: string): Promise<string | undefined> => value(`kafka_connect_task_error_metrics_${name}`)
    expect(await errors('last_error_timestamp')).toBeUndefined()
    tell({ kind: 'dead-lettered', lane: 1, table: 'orders', code: 'RECORD_TOO_LARGE', stage: 'x', count: 2 })
    tell({ kind: 'record-refused', shard, error })
    expect(await errors('total_records_skipped')).toBe('2')
    expect(await errors('total_record_failures')).toBe('1')
    expect(await errors('total_record_errors')).toBe('3')
    expect(await errors('last_error_timestamp')).toBe(String(start))
    expect(await value('debezium_event_erroneous_count_total')).toBe('3')
  })

  it('tell the state, and time goes on while the pipeline is paused', async () => {
    const { clock, monitor, tell, value } = monitored()
    const state = (status: string): Promise<string | undefined> =>
      value('kafka_connect_connector_task_status', { status })
    monitor.setState('unassigned')
    expect([await state('unassigned'), await state('running')]).toEqual(['1', '0'])
    monitor.setState('running')
    tell(taken, opened, page(0))
    monitor.setState('paused')
    tell({ kind: 'shard-closed', shard }, { kind: 'lane-released', lane: 1 })
    await clock.advance(hourMs)
    tell({ kind: 'worker-stopped', pipeline: 'shop' })
    expect([await state('paused'), await state('running')]).toEqual(['1', '0'])
    expect(monitor.checks().map(({ name, status }) => `${name} ${status}`)).toEqual([
      'configuration ok',
      'run ok',
      'retention-headroom ok',
    ])
    expect(await value('tailrace_health_check', { check: 'membership' })).toBeUndefined()
    expect(await value('tailrace_retention_headroom_seconds')).toBe(String(23 * 3600))
  })
})
