import { describe, expect, it } from 'vitest'
import { seededRng } from '../../../async/rng.ts'
import { AwsServiceError } from '../../../aws/aws.ts'
import type { AwsApi, AwsRequest } from '../../../aws/aws.ts'
import { TailraceError } from '../../../errors.ts'
import { createManualClock } from '../../../testing/manual-clock.ts'
import { createSourceContext } from '../../source-context.ts'
import { createReplicationWatch } from './replication-watch.ts'

const streamArn = 'arn:aws:kinesis:eu-west-1:123456789012:stream/s'
const never = new AbortController().signal
const startMs = 1_800_000_000_000
const minuteMs = 60_000

/** A watch over one table, and what it is told. */
function setUp(tables: readonly string[] = ['orders']) {
  const clock = createManualClock(startMs)
  const service = {
    status: 'ACTIVE',
    /** Changes that were given up, by the minute since the start. */
    failures: new Map<number, number>(),
    refused: new Set<string>(),
    names: ['orders', 'stock', 'users'],
  }
  const requests: AwsRequest[] = []
  const call = async (request: AwsRequest): Promise<unknown> => {
    requests.push(request)
    const { action, body } = request
    if (service.refused.has(action)) throw new TailraceError('AWS_ACCESS_DENIED', `Not allowed: ${action}`)
    if (action === 'ListTables') return { TableNames: service.names }
    if (action === 'GetMetricData') return { MetricDataResults: resultsOf(body) }
    if (body['TableName'] === 'users') throw new AwsServiceError('ResourceNotFoundException', 'no', 400)
    const destination = { StreamArn: streamArn, DestinationStatus: service.status }
    return { KinesisDataStreamDestinations: body['TableName'] === 'orders' ? [destination] : [] }
  }
  const resultsOf = ({ StartTime, EndTime }: AwsRequest['body']): readonly unknown[] => {
    const counted = [...service.failures].filter(([minute]) => {
      const at = startMs + minute * minuteMs
      return at >= Number(StartTime) * 1000 && at < Number(EndTime) * 1000
    })
    const Values = counted.map(([, value]) => value)
    return [
      { Id: 'failed', Label: 'orders', Values },
      { Id: 'throttled', Label: 'orders', Values: [2] },
      { Id: 'oldest', Label: 'orders', Values: [9_000, 1_000] },
      { Id: 'failed', Label: 'a table of others', Values: [99] },
    ]
  }
  const api: AwsApi = { call, exchange: async (request) => ({ body: await call(request), bytes: 1 }) }
  const context = createSourceContext({ api, clock, rng: seededRng(1) })
  const watch = createReplicationWatch(context, {
    tables,
    excludedTables: ['stock'],
    hasMetrics: true,
    streamArn: async () => streamArn,
  })
  /** A look so many minutes later. */
  const after = async (minutes: number) => {
    await clock.advance(minutes * minuteMs)
    return await watch.look(never)
  }
  return { service, requests, after }
}
const codes = ({ reports }: { readonly reports: readonly { readonly losses: readonly TailraceError[] }[] }) =>
  reports.flatMap(({ losses }) => losses.map(({ code }) => code))

describe('the way of changes into a stream', () => {
  it('is counted once, when the counts have settled, and from the beginning on', async () => {
    const { service, after } = setUp()
    service.failures.set(-6, 100).set(1, 3).set(6, 4).set(21, 5)
    expect(await after(5)).toMatchObject({ unseen: [], reports: [{ table: 'orders', failed: 0, isActive: true }] })
    const first = await after(10)
    expect(first.reports).toMatchObject([{ failed: 3, throttled: 2, oldestMs: 9_000 }])
    expect(first.reports[0]?.losses[0]?.message).toContain('given up 3 changes of table orders')
    expect(await after(1)).toMatchObject({ reports: [{ failed: 0, losses: [] }] })
    expect(await after(5)).toMatchObject({ reports: [{ failed: 4 }] })
    expect(await after(60)).toMatchObject({ reports: [{ failed: 5 }] })
  })

  it('is counted later where it could not be read, and that is told once', async () => {
    const { service, after } = setUp()
    service.failures.set(1, 3)
    service.refused.add('GetMetricData')
    expect(await after(15)).toMatchObject({ unseen: [{ code: 'AWS_ACCESS_DENIED' }], reports: [{ failed: 0 }] })
    expect((await after(5)).unseen).toEqual([])
    service.refused.clear()
    expect(await after(5)).toMatchObject({ unseen: [], reports: [{ failed: 3 }] })
    service.refused.add('GetMetricData')
    expect((await after(5)).unseen).toHaveLength(1)
  })

  it('is lost while the destination is off, which is told when it begins', async () => {
    const { service, after } = setUp()
    expect(codes(await after(1))).toEqual([])
    service.status = 'DISABLED'
    expect(codes(await after(1))).toEqual(['DESTINATION_INACTIVE'])
    expect(await after(1)).toMatchObject({ reports: [{ isActive: false, losses: [] }] })
    service.status = 'ENABLING'
    expect(await after(1)).toMatchObject({ reports: [{ isActive: true, losses: [] }] })
    service.status = 'ENABLE_FAILED'
    expect(codes(await after(1))).toEqual(['DESTINATION_INACTIVE'])
  })

  it('of tables that match counts as far as they go to the stream; those that are named must', async () => {
    const matched = await setUp(['*']).after(1)
    expect(matched.reports.map(({ table }) => table)).toEqual(['orders'])
    const named = await setUp(['orders', 'users', 'stock', 'arn:aws:dynamodb:eu-west-1:1:table/bills']).after(1)
    expect(named.reports.map(({ table, isActive }) => [table, isActive])).toEqual([
      ['orders', true],
      ['users', false],
      ['bills', false],
    ])
    expect(codes(named)).toEqual(['DESTINATION_INACTIVE', 'DESTINATION_INACTIVE'])
  })

  it('of many tables is asked for in searches that are short enough', async () => {
    const names = Array.from({ length: 60 }, (_, at) => `${at}-${'x'.repeat(100)}`)
    const { requests, after, service } = setUp(names)
    service.names = []
    await after(15)
    const searches = requests
      .filter(({ action }) => action === 'GetMetricData')
      .flatMap(({ body }) => body['MetricDataQueries'] as readonly { readonly Expression: string }[])
    expect(Math.max(...searches.map(({ Expression }) => Expression.length))).toBeLessThanOrEqual(1_024)
    for (const name of names)
      expect(searches.filter(({ Expression }) => Expression.includes(`"${name}"`))).toHaveLength(3)
  })
})
