import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AwsApi } from '../../src/aws/aws.ts'
import { compareSequenceNumbers } from '../../src/change/sequence-number.ts'
import type { ShardReader, Source } from '../../src/sources/source.ts'
import type { SourceEvent } from '../../src/sources/source-event.ts'
import { accessDenied, serverError, throttled } from '../servers/stream-simulator/fault-plan.ts'
import type { Fault } from '../servers/stream-simulator/fault-plan.ts'
import { createManualClock } from '../servers/stream-simulator/manual-clock.ts'
import type { ManualClock } from '../servers/stream-simulator/manual-clock.ts'
import type { SimulatedTable } from '../servers/stream-simulator/simulated-table.ts'
import { connectTo, drain, sequenceNumbers, sourceOver } from '../servers/stream-simulator/simulator-client.ts'
import { startStreamSimulator } from '../servers/stream-simulator/stream-simulator.ts'
import type { StreamSimulator } from '../servers/stream-simulator/stream-simulator.ts'

const never = new AbortController().signal

let clock: ManualClock
let simulator: StreamSimulator
let api: AwsApi & AsyncDisposable
let source: Source
let events: readonly SourceEvent[]
let table: SimulatedTable
let shardId: string

beforeEach(async () => {
  clock = createManualClock()
  simulator = await startStreamSimulator({ clock })
  api = connectTo(simulator.endpoint)
  ;({ source, events } = sourceOver(api, clock))
  table = simulator.createTable({
    name: 'orders',
    keySchema: [{ name: 'id', type: 'S' }],
    viewType: 'NEW_AND_OLD_IMAGES',
  })
  shardId = table.stream.shards[0]?.shardId ?? ''
})

afterEach(async () => {
  await api[Symbol.asyncDispose]()
  await simulator.stop()
})

let written = 0
const write = (count: number): void => {
  for (let i = 0; i < count; i++) table.put({ id: { S: `item-${i % 50}` }, n: { N: `${++written}` } })
}
const open = (after?: string): ShardReader => source.openShard({ streamArn: table.stream.arn, shardId, after })
const shardOf = () => ({ streamArn: table.stream.arn, shardId })
const ledgerOf = (shard: string): string[] =>
  simulator.ledger.filter((entry) => entry.shardId === shard).map((entry) => entry.sequenceNumber)
const readShard = async (after?: string): Promise<string[]> =>
  sequenceNumbers((await drain(open(after), never)).records)

describe('reading a shard', () => {
  it('rule 2: sequence numbers grow from 21 to 40 digits, where text order is not their order', async () => {
    const shard = simulator.createTable({
      name: 'growing',
      keySchema: [{ name: 'id', type: 'S' }],
      viewType: 'NEW_IMAGE',
      growSequenceEvery: 100,
    })
    for (let i = 0; i < 2_500; i++) shard.put({ id: { S: 'one' }, n: { N: `${i}` } })
    const grown = shard.stream.shards[0]?.shardId ?? ''
    shard.stream.rotate(grown)
    const { records } = await drain(
      source.openShard({ streamArn: shard.stream.arn, shardId: grown, after: undefined }),
      never,
    )
    const numbers = sequenceNumbers(records)
    expect(numbers).toEqual(ledgerOf(grown))
    expect(numbers[0]).toHaveLength(21)
    expect(numbers.at(-1)).toHaveLength(40)
    expect(numbers.toSorted()).not.toEqual(numbers)
    expect(numbers.toSorted(compareSequenceNumbers)).toEqual(numbers)
  })

  it('a position in the middle gives exactly what is behind it', async () => {
    write(700)
    table.stream.rotate(shardId)
    const all = ledgerOf(shardId)
    for (const at of [0, 1, 299, 698]) expect(await readShard(all[at])).toEqual(all.slice(at + 1))
  })

  it('page boundaries of 1,000 records and of bytes lose nothing', async () => {
    write(2_000)
    table.stream.rotate(shardId)
    const { records, pages, isEnd } = await drain(open(), never)
    expect(sequenceNumbers(records)).toEqual(ledgerOf(shardId))
    expect({ pages, isEnd }).toEqual({ pages: 2, isEnd: true })
    simulator.settings.pageBytes = 3_000
    expect(await readShard()).toEqual(ledgerOf(shardId))
  })

  it('rule 18: the last page carries its records and the end at once', async () => {
    write(3)
    table.stream.rotate(shardId)
    const reader = open()
    const page = await reader.read(never)
    expect(page).toMatchObject({ isEnd: true })
    expect(page.records).toHaveLength(3)
    expect(await reader.read(never)).toMatchObject({ isEnd: true, records: [] })
  })

  it('rule 18: or the end comes alone, behind the last records', async () => {
    simulator.settings.nullIterator = 'after-empty-page'
    write(3)
    table.stream.rotate(shardId)
    const reader = open()
    expect(await reader.read(never)).toMatchObject({ isEnd: false })
    expect(await reader.read(never)).toMatchObject({ isEnd: true, records: [] })
  })

  it('a closed shard that never had a record just ends', async () => {
    table.stream.rotate(shardId)
    expect(await drain(open(), never)).toEqual({ records: [], pages: 1, isEnd: true })
  })

  it('rule 19: hundreds of empty pages neither end a shard nor lose its records', async () => {
    table.stream.shard(shardId).emptyPages = 400
    write(20)
    const reader = open()
    const { records, pages, isEnd } = await drain(reader, never, 20)
    expect(sequenceNumbers(records)).toEqual(ledgerOf(shardId))
    expect({ pages, isEnd }).toEqual({ pages: 401, isEnd: false })
    expect(Math.max(...clock.sleeps)).toBeLessThanOrEqual(1_000)
  })

  it('polls at once while pages are full, 4.5 times a second while there is something, once a second when idle', async () => {
    write(2_500)
    const reader = open()
    await reader.read(never)
    await reader.read(never)
    expect(clock.sleeps).toEqual([])
    await reader.read(never)
    await reader.read(never)
    expect(clock.sleeps).toEqual([220])
    for (let i = 0; i < 30; i++) await reader.read(never)
    expect(Math.min(...clock.sleeps)).toBeGreaterThanOrEqual(220)
    expect(clock.sleeps.slice(-10).every((ms) => ms >= 500 && ms <= 1_000)).toBe(true)
    write(1)
    await reader.read(never)
    const sleeps = clock.sleeps.length
    await reader.read(never)
    expect(clock.sleeps.slice(sleeps)).toEqual([220])
  })

  it('a stop while waiting or while asking loses nothing', async () => {
    write(10)
    const reader = open()
    const stop = new AbortController()
    simulator.faults.add({
      action: 'GetRecords',
      fault: { kind: 'slow', beforeMs: 0 },
      count: 1,
      when: () => {
        stop.abort(new Error('stopped'))
        return true
      },
    })
    await expect(reader.read(stop.signal)).rejects.toThrow('stopped')
    expect(sequenceNumbers((await reader.read(never)).records)).toEqual(ledgerOf(shardId))
  })
})

describe('iterators', () => {
  it('rule 20: expired before the first use', async () => {
    write(5)
    simulator.faults.add({
      action: 'GetRecords',
      fault: { kind: 'slow', beforeMs: 0 },
      count: 1,
      when: () => {
        simulator.expireIterators()
        return true
      },
    })
    expect(sequenceNumbers((await open().read(never)).records)).toEqual(ledgerOf(shardId))
    expect(events.filter((event) => event.kind === 'iterator-expired')).toHaveLength(1)
  })

  it('rule 20: expired in the middle, again and again, gives each record once', async () => {
    simulator.settings.pageRecords = 10
    write(200)
    table.stream.rotate(shardId)
    const reader = open()
    const got: string[] = []
    for (let isEnd = false; !isEnd;) {
      const page = await reader.read(never)
      got.push(...sequenceNumbers(page.records))
      isEnd = page.isEnd
      simulator.expireIterators()
    }
    expect(got).toEqual(ledgerOf(shardId))
    expect(events.filter((event) => event.kind === 'iterator-expired')).toHaveLength(19)
  })

  it('rule 20: a loop of expiries asks for a new iterator each time, and backs off', async () => {
    write(5)
    const expired: Fault = { kind: 'error', statusCode: 400, type: 'ExpiredIteratorException' }
    simulator.faults.add({ action: 'GetRecords', fault: expired, count: 10 })
    expect((await open().read(never)).records).toHaveLength(5)
    expect(simulator.requests.get('GetShardIterator')).toBe(11)
    expect(Math.max(...clock.sleeps)).toBeGreaterThan(2_000)
  })

  it('rule 20: one that is older than 14 minutes is renewed unasked', async () => {
    write(5)
    const reader = open()
    await reader.read(never)
    clock.advance(14 * 60_000 + 1)
    write(5)
    expect((await reader.read(never)).records).toHaveLength(5)
    expect(simulator.requests.get('GetShardIterator')).toBe(2)
    expect(events).toEqual([])
  })
})

describe('losses', () => {
  it('rule 21: a position that was trimmed is a gap, not a start at the trim horizon', async () => {
    write(100)
    const position = ledgerOf(shardId)[9]
    table.stream.trim(shardId, 50)
    await expect(open(position).read(never)).rejects.toMatchObject({ code: 'STREAM_GAP' })
  })

  it('rule 21: records trimmed under an iterator are a gap', async () => {
    simulator.settings.pageRecords = 10
    write(100)
    const reader = open()
    await reader.read(never)
    table.stream.trim(shardId, 50)
    await expect(reader.read(never)).rejects.toMatchObject({ code: 'STREAM_GAP' })
    await expect(reader.read(never)).rejects.toMatchObject({ code: 'STREAM_GAP' })
  })

  it('rule 21: an open shard whose position aged out cannot be told from a loss', async () => {
    write(10)
    table.stream.trim(shardId, 'all')
    await expect(open(ledgerOf(shardId).at(-1)).read(never)).rejects.toMatchObject({ code: 'STREAM_GAP' })
  })

  it('rule 22: a closed shard that was read to its end just ends', async () => {
    write(10)
    table.stream.rotate(shardId)
    table.stream.trim(shardId, 'all')
    simulator.settings.pageShards = 1
    expect(await open(ledgerOf(shardId).at(-1)).read(never)).toMatchObject({ isEnd: true, records: [] })
    expect(events).toContainEqual({ kind: 'drained-shard-trimmed', streamArn: table.stream.arn, shardId })
  })

  it('rule 22: one record short of the end is a gap', async () => {
    write(10)
    table.stream.rotate(shardId)
    table.stream.trim(shardId, 'all')
    await expect(open(ledgerOf(shardId).at(-2)).read(never)).rejects.toMatchObject({ code: 'STREAM_GAP' })
  })

  it('a shard that was awaited for a day and of which nothing was read is a gap', async () => {
    write(10)
    const unreadSinceMs = clock.now()
    const openUnread = (): ShardReader => source.openShard({ ...shardOf(), after: undefined, unreadSinceMs })
    write(10)
    clock.advance(23.7 * 3_600_000)
    expect((await openUnread().read(never)).records).toHaveLength(20)
    clock.advance(0.1 * 3_600_000)
    write(1)
    // All is there, but the oldest is from the same minute: it is no witness.
    await expect(openUnread().read(never)).rejects.toMatchObject({
      code: 'STREAM_GAP',
      details: { oldestLeft: ledgerOf(shardId)[0] },
    })
    expect((await open().read(never)).records).toHaveLength(21)
  })

  const trimmed: Fault = { kind: 'error', statusCode: 400, type: 'TrimmedDataAccessException' }

  it('an oldest change that is trimmed before it is read is no gap while all that is awaited is kept', async () => {
    write(10)
    const reader = source.openShard({ ...shardOf(), after: undefined, unreadSinceMs: clock.now() - 23.7 * 3_600_000 })
    simulator.faults.add({ action: 'GetRecords', fault: trimmed, count: 2 })
    expect((await reader.read(never)).records).toHaveLength(10)
    // What was read is a position: the same refusal behind it is a gap.
    simulator.faults.add({ action: 'GetRecords', fault: trimmed, count: 1 })
    await expect(reader.read(never)).rejects.toMatchObject({ code: 'STREAM_GAP' })
  })

  it.each([undefined, 23.7])('or was awaited for longer (%s hours)', async (hours) => {
    const unreadSinceMs = hours === undefined ? undefined : clock.now() - hours * 3_600_000
    const when = (): boolean => clock.advance(0.1 * 3_600_000) === undefined
    simulator.faults.add({ action: 'GetRecords', fault: trimmed, count: 1, when })
    const reader = source.openShard({ ...shardOf(), after: undefined, unreadSinceMs })
    await expect(reader.read(never)).rejects.toMatchObject({ code: 'STREAM_GAP' })
  })

  it('a reader that is kept waiting for a day finds the gap behind its old iterator', async () => {
    const reader = source.openShard({ ...shardOf(), after: undefined, unreadSinceMs: clock.now() })
    expect((await reader.read(never)).records).toEqual([])
    write(5)
    clock.advance(24 * 3_600_000)
    await expect(reader.read(never)).rejects.toMatchObject({ code: 'STREAM_GAP' })
  })

  it('a reader that finds nothing all day has read all there was', async () => {
    const reader = source.openShard({ ...shardOf(), after: undefined, unreadSinceMs: clock.now() - 22 * 3_600_000 })
    let readUpToMs: number | undefined
    for (let look = 0; look < 2_500; look++) ({ readUpToMs } = await reader.read(never))
    expect(clock.now() - (readUpToMs ?? 0)).toBeLessThan(25 * 60_000)
    clock.advance(2 * 3_600_000)
    write(5)
    expect((await reader.read(never)).records).toHaveLength(5)
  })

  it('rule 21: a shard that is gone is named, also in the middle', async () => {
    simulator.settings.pageRecords = 10
    write(100)
    const reader = open()
    await reader.read(never)
    table.stream.forget(shardId)
    await expect(reader.read(never)).rejects.toMatchObject({ code: 'SHARD_NOT_FOUND' })
  })

  it('rule 21: so is one whose whole stream is gone', async () => {
    simulator.forgetStream(table.stream.arn)
    await expect(open().read(never)).rejects.toMatchObject({ code: 'SHARD_NOT_FOUND' })
  })

  it('a new shard that is listed but not readable yet is asked for again', async () => {
    write(3)
    simulator.faults.add({
      action: 'GetShardIterator',
      fault: { kind: 'error', statusCode: 400, type: 'ResourceNotFoundException' },
      count: 3,
    })
    expect((await open().read(never)).records).toHaveLength(3)
  })

  it('rule 26: records that come again stop the shard', async () => {
    simulator.settings.pageRecords = 10
    write(30)
    const reader = open()
    await reader.read(never)
    simulator.faults.add({ action: 'GetRecords', fault: { kind: 'repeated-records' } })
    await expect(reader.read(never)).rejects.toMatchObject({ code: 'SEQUENCE_ORDER' })
  })

  it('rule 26: so do records out of order', async () => {
    write(30)
    simulator.faults.add({ action: 'GetRecords', fault: { kind: 'swapped-records' } })
    await expect(open().read(never)).rejects.toMatchObject({ code: 'SEQUENCE_ORDER' })
  })
})

describe('rule 24: faults that pass never move the position', () => {
  const faults: readonly (readonly [string, Fault, string])[] = [
    ['throttling', throttled, 'AWS_THROTTLED'],
    ['LimitExceeded', { kind: 'error', statusCode: 400, type: 'LimitExceededException' }, 'AWS_THROTTLED'],
    ['status 500', serverError, 'AWS_UNREACHABLE'],
    ['status 503 of a proxy', { kind: 'html', statusCode: 503 }, 'AWS_UNREACHABLE'],
    ['status 403 of a proxy', { kind: 'html', statusCode: 403 }, 'AWS_RESPONSE'],
    ['a connection that ends inside the body', { kind: 'cut-off' }, 'AWS_RESPONSE'],
    ['truncated JSON', { kind: 'truncated-json' }, 'AWS_RESPONSE'],
    ['a wrong checksum', { kind: 'wrong-checksum' }, 'AWS_RESPONSE'],
    ['an empty object', { kind: 'empty-object' }, 'AWS_RESPONSE'],
    ['a reset', { kind: 'reset' }, 'AWS_UNREACHABLE'],
    [
      'a missing permission',
      accessDenied('dynamodb:GetRecords', 'arn:aws:dynamodb:eu-central-1:1:table/orders'),
      'AWS_ACCESS_DENIED',
    ],
    ['refused credentials', { kind: 'error', statusCode: 400, type: 'ExpiredTokenException' }, 'AWS_CREDENTIALS'],
  ]

  it.each(faults)('%s', async (_name, fault, code) => {
    simulator.settings.pageRecords = 50
    write(1_000)
    table.stream.rotate(shardId)
    simulator.faults.add({ action: 'GetRecords', fault, probability: 0.4 })
    simulator.faults.add({ action: 'GetShardIterator', fault, count: 1 })
    expect(await readShard()).toEqual(ledgerOf(shardId))
    const codes = events.map((event) =>
      event.kind === 'throttled' ? 'AWS_THROTTLED' : event.kind === 'retried' ? event.code : event.kind,
    )
    expect(codes.length).toBeGreaterThan(3)
    expect(new Set(codes)).toEqual(new Set([code]))
  })

  it('a check for a person gives up where a worker waits', async () => {
    const { source: checking } = sourceOver(api, clock, { giveUpOn: ['AWS_ACCESS_DENIED'] })
    simulator.faults.add({
      action: '*',
      fault: accessDenied('dynamodb:GetShardIterator', 'arn:aws:dynamodb:eu-central-1:1:table/orders'),
    })
    const reader = checking.openShard({ streamArn: table.stream.arn, shardId, after: undefined })
    await expect(reader.read(never)).rejects.toMatchObject({
      code: 'AWS_ACCESS_DENIED',
      message: 'Not allowed: dynamodb:GetShardIterator on arn:aws:dynamodb:eu-central-1:1:table/orders',
    })
  })
})
