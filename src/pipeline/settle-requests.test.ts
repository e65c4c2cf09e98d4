import { beforeEach, describe, expect, it } from 'vitest'
import { ordersEntry } from '../../test/fixtures/memory-ledger.ts'
import { untilAborted } from '../async/until-aborted.ts'
import { TailraceError } from '../errors.ts'
import { createLaneFold } from '../lanes/lane-state.ts'
import type { LaneFold } from '../lanes/lane-state.ts'
import { ledgerKey } from '../lanes/ledger-codec.ts'
import type { AddressedEntry, RequestEntry, TableAction, TableEntry } from '../lanes/ledger-entry.ts'
import type { Source } from '../sources/source.ts'
import { createManualClock } from '../testing/manual-clock.ts'
import { createMemorySource } from '../testing/memory-source.ts'
import type { MemorySource } from '../testing/memory-source.ts'
import type { Coordination } from './coordination.ts'
import type { PipelineEvent } from './pipeline-event.ts'
import { settleRequests } from './settle-requests.ts'

const never = new AbortController().signal
const clock = createManualClock()
let source: MemorySource
let fold: LaneFold
let events: PipelineEvent[]
let listed: string[]

beforeEach(() => {
  source = createMemorySource(ordersEntry.table, clock)
  fold = createLaneFold()
  events = []
  listed = []
})

/** The coordinator's parts that settle requests, over one lane in memory. */
function coordination(changes: Partial<Source> = {}): Coordination {
  const listShards: Source['listShards'] = (streamArn, signal) => {
    listed.push(streamArn)
    return source.listShards(streamArn, signal)
  }
  const write = async (entries: readonly AddressedEntry[]): Promise<void> => {
    for (const { entry, isTombstone } of entries)
      fold.apply(isTombstone === true ? { kind: 'forget', key: ledgerKey(entry) } : { kind: 'entry', entry })
  }
  const onEvent = (event: PipelineEvent): void => void events.push(event)
  const parts = {
    environment: { source: { ...source, listShards, ...changes }, clock, onEvent, identity: { lanes: 1 } },
    session: { state: fold.state },
    ledger: { refresh: async () => [fold.state] },
    write,
    snapshots: { mode: 'never', segments: 1, exports: undefined },
    tuning: { listingMs: 1 },
  }
  return parts as unknown as Coordination
}

const put = (entry: TableEntry | RequestEntry): void => void fold.apply({ kind: 'entry', entry })
const ask = (id: string, action: TableAction, tableArn = 'arn'): void =>
  put({ kind: 'request', id, tableArn, action, atMs: 0 })
const orders = (): TableEntry | undefined => fold.state.tables.get('arn')
const failed = { kind: 'stopped', code: 'DECODE_FAILED', reason: 'odd', shardId: 'a' } as const
const kinds = (): readonly string[] => events.map(({ kind }) => kind)

describe('requests about tables', () => {
  it('are settled once, in order, and told of; a table that goes on is listed at once, alone', async () => {
    put(ordersEntry)
    put({ ...ordersEntry, table: { ...ordersEntry.table, arn: 'other', streamArn: 'other-stream' } })
    ask('1', { kind: 'target', target: 'PAUSED' })
    await settleRequests(coordination(), never)
    expect(orders()).toMatchObject({ rest: { target: 'PAUSED' }, settled: { request: '1', refusal: undefined } })
    expect([kinds(), listed]).toEqual([['table-resting'], []])
    ask('2', { kind: 'target', target: 'STOPPED' })
    ask('3', { kind: 'target', target: 'RUNNING' })
    await settleRequests(coordination(), never)
    expect(orders()).toMatchObject({ rest: undefined, settled: { request: '3' }, version: ordersEntry.version + 3 })
    expect(fold.state.requests.size).toBe(0)
    expect(kinds().slice(1)).toEqual(['table-resting', 'table-resumed', 'shards-discovered'])
    expect(listed).toEqual(['stream'])
  })

  it('about a table that nobody knows are forgotten', async () => {
    ask('1', { kind: 'restart' }, 'nothing')
    await settleRequests(coordination(), never)
    expect(fold.state.requests.size).toBe(0)
  })

  it('try a table again, unless the source still refuses it', async () => {
    put({ ...ordersEntry, status: failed })
    ask('1', { kind: 'restart' })
    const off = new TailraceError('STREAM_DISABLED', 'the stream of orders is off')
    await settleRequests(coordination({ describeTable: () => Promise.reject(off) }), never)
    expect(orders()).toMatchObject({ status: failed, settled: { request: '1', refusal: off.message } })
    expect(kinds()).toEqual([])
    ask('2', { kind: 'restart' })
    await settleRequests(coordination(), never)
    expect(orders()).toMatchObject({ status: { kind: 'streaming' }, settled: { request: '2', refusal: undefined } })
    expect(kinds()).toContain('table-resumed')
  })

  it('try a table again that is gone, as long as its stream is there', async () => {
    put({ ...ordersEntry, status: failed })
    const gone = new TailraceError('TABLE_NOT_FOUND', 'there is no table orders')
    const describeTable = (): Promise<never> => Promise.reject(gone)
    const noStream = new TailraceError('STREAM_NOT_FOUND', 'there is no stream')
    ask('1', { kind: 'restart' })
    await settleRequests(coordination({ describeTable, listShards: () => Promise.reject(noStream) }), never)
    expect(orders()).toMatchObject({ status: failed, settled: { request: '1', refusal: gone.message } })
    ask('2', { kind: 'restart' })
    await settleRequests(coordination({ describeTable }), never)
    expect(orders()).toMatchObject({ status: { kind: 'streaming' }, settled: { request: '2', refusal: undefined } })
  })

  it('do not wait for a source that is away', async () => {
    put({ ...ordersEntry, status: failed })
    ask('1', { kind: 'restart' })
    const away = new TailraceError('AWS_UNREACHABLE', 'no answer')
    const rejecting = { describeTable: () => Promise.reject(away), listShards: () => Promise.reject(away) }
    await settleRequests(coordination(rejecting), never)
    expect(orders()).toMatchObject({ status: { kind: 'streaming' }, settled: { request: '1', refusal: undefined } })
  })

  it('of other tables are settled while the source does not answer about one, and wait in turn if they ask it, too', async () => {
    const asked: string[] = []
    const unanswered = (arn: string, signal: AbortSignal): Promise<never> => {
      asked.push(arn)
      return untilAborted(new Promise<never>(() => {}), signal)
    }
    for (const arn of ['arn', 'second', 'third'])
      put({
        ...ordersEntry,
        table: { ...ordersEntry.table, arn },
        status: arn === 'third' ? ordersEntry.status : failed,
      })
    ask('1', { kind: 'restart' })
    ask('2', { kind: 'restart' }, 'second')
    ask('3', { kind: 'target', target: 'PAUSED' }, 'third')
    ask('4', { kind: 'target', target: 'PAUSED' }, 'second')
    const world = coordination({ describeTable: unanswered, listShards: unanswered })
    const round = async (): Promise<readonly string[]> => {
      const done = settleRequests(world, never)
      await Promise.all([clock.advance(10_000), done])
      return [...fold.state.requests.keys()]
    }
    expect(await round()).toEqual(['request/2', 'request/4'])
    expect(orders()).toMatchObject({ status: { kind: 'streaming' }, settled: { request: '1', refusal: undefined } })
    expect(fold.state.tables.get('third')).toMatchObject({ rest: { target: 'PAUSED' } })
    expect(await round()).toEqual([])
    // Of each round one question, and nothing goes on behind it.
    expect(asked).toEqual(['arn', 'second'])
    expect(clock.sleepers).toBe(0)
  })

  it('see at once that a stream was replaced while the table stood still', async () => {
    put({ ...ordersEntry, status: failed })
    ask('1', { kind: 'restart' })
    const describeTable: Source['describeTable'] = () =>
      Promise.resolve({ ...ordersEntry.table, streamArn: 'new-stream' })
    await settleRequests(coordination({ describeTable }), never)
    expect(orders()).toMatchObject({ status: { kind: 'draining', replacedBy: 'new-stream' } })
    expect(kinds()).toContain('table-replaced')
  })
})
