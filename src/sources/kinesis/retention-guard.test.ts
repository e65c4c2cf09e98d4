import { describe, expect, it } from 'vitest'
import { seededRng } from '../../async/rng.ts'
import { AwsServiceError } from '../../aws/aws.ts'
import type { AwsApi } from '../../aws/aws.ts'
import { createManualClock } from '../../testing/manual-clock.ts'
import { createKinesisContext } from './kinesis-context.ts'
import type { RecordPage, RecordPages } from './record-pages.ts'
import { guardPages, isReadToEnd, mayLackRecords, provesAllThere, readUpToOf } from './retention-guard.ts'
import type { ReadSoFar } from './retention-guard.ts'
import { labelStream } from './stream-label.ts'

const arn = 'arn:aws:kinesis:eu-west-1:123456789012:stream/s'
const hourMs = 3_600_000
const nowMs = 1_800_000_000_000
const never = new AbortController().signal
const hoursAgo = (hours: number): number => nowMs - hours * hourMs

describe('whether records may be missing', () => {
  const retentionMs = 24 * hourMs
  it.each([
    ['a fresh position', { after: '5', readUpToMs: hoursAgo(1) }, false],
    ['one that is nearly as old as the retention', { after: '5', readUpToMs: hoursAgo(23.7) }, false],
    ['one that clocks may disagree about', { after: '5', readUpToMs: hoursAgo(23.75) }, true],
    ['one that is older', { after: '5', readUpToMs: hoursAgo(30) }, true],
    ['one of unknown age', { after: '5', readUpToMs: undefined }, true],
    ['no position, awaited lately', { after: undefined, readUpToMs: hoursAgo(2) }, false],
    ['no position, awaited for long', { after: undefined, readUpToMs: hoursAgo(25) }, true],
    ['no position, and nothing awaited', { after: undefined, readUpToMs: undefined }, false],
  ])('%s', (_, soFar, expected) => {
    expect(mayLackRecords(soFar, retentionMs, nowMs)).toBe(expected)
  })

  it('depends on the retention', () => {
    const soFar = { after: '5', readUpToMs: hoursAgo(100) }
    expect(mayLackRecords(soFar, 168 * hourMs, nowMs)).toBe(false)
    expect(mayLackRecords(soFar, 48 * hourMs, nowMs)).toBe(true)
  })
})

describe('what is left proves', () => {
  const oldest = { sequenceNumber: '10', arrivedAtMs: hoursAgo(20) }
  it.each([
    ['nothing, if nothing is left', { after: '10', readUpToMs: hoursAgo(30) }, undefined, false],
    ['all, if it is the position itself', { after: '10', readUpToMs: undefined }, oldest, true],
    ['all, if it is in front of the position', { after: '9999', readUpToMs: undefined }, oldest, true],
    ['nothing, if it is behind the position', { after: '9', readUpToMs: hoursAgo(30) }, oldest, false],
    ['all, if it arrived before the moment read up to', { after: '9', readUpToMs: hoursAgo(19) }, oldest, true],
    ['nothing, if it arrived just then', { after: undefined, readUpToMs: hoursAgo(19.8) }, oldest, false],
  ])('%s', (_, soFar, left, expected) => {
    expect(provesAllThere(soFar, left)).toBe(expected)
  })

  it('nothing is behind the end of a closed shard', () => {
    const shard = { shardId: 'a', parents: [], startingSequenceNumber: '1', endingSequenceNumber: '99' }
    const soFar = { after: '99', readUpToMs: undefined }
    expect(isReadToEnd(soFar, shard)).toBe(true)
    expect(isReadToEnd({ ...soFar, after: '98' }, shard)).toBe(false)
    expect(isReadToEnd({ ...soFar, after: undefined }, shard)).toBe(false)
    expect(isReadToEnd(soFar, { ...shard, endingSequenceNumber: undefined })).toBe(false)
    expect(isReadToEnd(soFar, undefined)).toBe(false)
  })
})

interface Service {
  retentionHours: number
  status: string
  createdAt: number
  /** The oldest record that is left; undefined = none. */
  oldest: { readonly number: string; readonly arrivedAtMs: number } | undefined
  /** The ending sequence number of the shard. */
  ending?: string
  isMissing?: boolean
  distribution?: string
}

/** A guard over pages that a test makes, and the service that it asks. */
function setUp(soFar: ReadSoFar, changes: Partial<Service> & { readonly needsKeysTogether?: boolean } = {}) {
  const clock = createManualClock(nowMs)
  const service: Service = { retentionHours: 24, status: 'ACTIVE', createdAt: 1, oldest: undefined, ...changes }
  const asked: string[] = []
  const exchange: AwsApi['exchange'] = async ({ action }) => {
    asked.push(action)
    if (action === 'DescribeStreamSummary') {
      if (service.isMissing === true) throw new AwsServiceError('ResourceNotFoundException', 'no', 400)
      const summary = { StreamARN: arn, StreamStatus: service.status, RetentionPeriodHours: service.retentionHours }
      const { distribution: RecordDistributionStrategy } = service
      return {
        body: {
          StreamDescriptionSummary: {
            ...summary,
            RecordDistributionStrategy,
            StreamCreationTimestamp: service.createdAt,
          },
        },
        bytes: 1,
      }
    }
    if (action === 'GetShardIterator') return { body: { ShardIterator: 'horizon' }, bytes: 1 }
    const { oldest } = service
    const record = oldest && {
      SequenceNumber: oldest.number,
      PartitionKey: 'k',
      ApproximateArrivalTimestamp: oldest.arrivedAtMs / 1000,
      Data: '',
    }
    const body = { Records: record === undefined ? [] : [record], NextShardIterator: 'n', MillisBehindLatest: 0 }
    return { body, bytes: 1 }
  }
  const api: AwsApi = { exchange, call: async (request, signal) => (await exchange(request, signal)).body }
  const context = createKinesisContext({ api, clock, rng: seededRng(1) })
  const queue: RecordPage[] = []
  let isClosed = false
  const pages: RecordPages = {
    next: async () => queue.shift() ?? Promise.reject(new Error('no page was made')),
    close: async () => {
      isClosed = true
    },
  }
  const shard = { shardId: 'a', parents: [], startingSequenceNumber: '1', endingSequenceNumber: service.ending }
  const lister = { find: async () => ({ ...shard, hashRange: { from: 0n, to: 1n } }) }
  const guarded = guardPages(
    context,
    {
      streamArn: labelStream(arn, 1_000),
      shardId: 'a',
      lister,
      soFar,
      needsKeysTogether: changes.needsKeysTogether,
    },
    pages,
  )
  /** Hands a page through: its records' numbers, and how far it is behind. */
  const through = async (numbers: readonly string[], behindMs = 0): Promise<RecordPage> => {
    const records = numbers.map((sequenceNumber) => {
      return { sequenceNumber, partitionKey: 'k', arrivedAtMs: clock.now() - behindMs, data: Buffer.alloc(0) }
    })
    const times = { requestedAtMs: clock.now(), receivedAtMs: clock.now(), millisBehindLatest: behindMs }
    queue.push({ records, bytes: 1, isEnd: false, children: undefined, ...times })
    return await next()
  }
  const next = async (): Promise<RecordPage> => {
    const reading = guarded.next(never)
    reading.catch(() => undefined)
    await clock.advance(1_000)
    return await reading
  }
  return { clock, service, asked, guarded, through, next, closed: () => isClosed }
}
const gap = (details: object = {}) => ({ code: 'STREAM_GAP', details: expect.objectContaining(details) })
const fresh: ReadSoFar = { after: '5', readUpToMs: hoursAgo(1) }

describe('pages of a shard', () => {
  it('pass with one look at the stream while the position is fresh', async () => {
    const { through, asked, guarded } = setUp(fresh)
    await through(['6', '7'], 60_000)
    await through(['8'])
    expect(asked).toEqual(['DescribeStreamSummary'])
    expect(guarded.soFar).toEqual({ after: '8', readUpToMs: nowMs + 1_000 })
  })

  it('tell how far they reach; never less than before', async () => {
    const { through, guarded } = setUp(fresh)
    await through([], 2 * hourMs)
    expect(guarded.soFar).toEqual(fresh)
    await through([], Number.POSITIVE_INFINITY)
    expect(guarded.soFar).toEqual(fresh)
    const page = await through([], 60_000)
    expect(guarded.soFar).toEqual({ after: '5', readUpToMs: readUpToOf(page) })
  })

  it('stop half a minute after keys are spread, where they must stand together', async () => {
    const { through, service, clock } = setUp(fresh, { needsKeysTogether: true })
    await through(['6'])
    service.distribution = 'AUTO'
    await through(['7'])
    await clock.advance(31_000)
    await expect(through(['8'])).rejects.toMatchObject({ code: 'DISTRIBUTION_AUTO' })
    const other = setUp(fresh, { distribution: 'AUTO' })
    await other.through(['6'])
  })

  it('are closed with the guard', async () => {
    const { guarded, closed } = setUp(fresh)
    await guarded.close()
    expect(closed()).toBe(true)
  })

  it('stop at a gap: what is left begins behind the position', async () => {
    const arrivedAtMs = hoursAgo(23)
    const { through, next, guarded } = setUp(
      { after: '5', readUpToMs: hoursAgo(30) },
      { oldest: { number: '9', arrivedAtMs } },
    )
    const details = { after: '5', oldestLeft: '9', oldestLeftAtMs: arrivedAtMs, retentionHours: 24 }
    await expect(through(['9'])).rejects.toMatchObject(gap(details))
    await expect(next()).rejects.toMatchObject(gap(details))
    expect(guarded.soFar.after).toBe('5')
  })

  it('go on if what is left begins in front of the position, however old that is', async () => {
    const oldest = { number: '4', arrivedAtMs: hoursAgo(31) }
    const { through, guarded } = setUp({ after: '5', readUpToMs: hoursAgo(30) }, { oldest })
    await through(['6'])
    expect(guarded.soFar.after).toBe('6')
  })

  it('stop if nothing is left that would prove anything, unless the shard is closed and was read', async () => {
    const soFar = { after: '5', readUpToMs: hoursAgo(30) }
    await expect(setUp(soFar).through([])).rejects.toMatchObject(gap({ oldestLeft: undefined }))
    await expect(setUp(soFar, { ending: '6' }).through([])).rejects.toMatchObject(gap())
    expect(await setUp(soFar, { ending: '5' }).through([])).toMatchObject({ records: [] })
  })

  it('a position of unknown age has to be proved once', async () => {
    const soFar = { after: '5', readUpToMs: undefined }
    await expect(setUp(soFar).through(['6'])).rejects.toMatchObject(gap())
    const proved = setUp(soFar, { oldest: { number: '5', arrivedAtMs: hoursAgo(1) } })
    await proved.through(['6'])
    await proved.through(['7'])
    expect(proved.asked).toEqual(['DescribeStreamSummary', 'GetShardIterator', 'GetRecords'])
  })

  it('a long retention covers an old position', async () => {
    const { through, asked } = setUp({ after: '5', readUpToMs: hoursAgo(100) }, { retentionHours: 168 })
    await through(['6'], 99 * hourMs)
    await through(['7'], 99 * hourMs)
    expect(asked).toEqual(['DescribeStreamSummary', 'DescribeStreamSummary'])
  })

  it('a retention that is lowered below the position is found with the very next page', async () => {
    const { through, service } = setUp({ after: '5', readUpToMs: hoursAgo(100) }, { retentionHours: 168 })
    await through(['6'], 99 * hourMs)
    service.retentionHours = 48
    service.oldest = { number: '90', arrivedAtMs: hoursAgo(47) }
    await expect(through(['90'], 47 * hourMs)).rejects.toMatchObject(gap({ after: '6', retentionHours: 48 }))
  })

  it('so it is while the stream does not say what is being changed about it', async () => {
    const { through, service } = setUp({ after: '5', readUpToMs: hoursAgo(100) }, { retentionHours: 168 })
    await through(['6'], 99 * hourMs)
    service.status = 'UPDATING'
    service.oldest = { number: '90', arrivedAtMs: hoursAgo(47) }
    await expect(through(['90'], 47 * hourMs)).rejects.toMatchObject(gap({ after: '6' }))
  })

  it('a reader that falls behind is found, too', async () => {
    const { clock, through, service } = setUp(fresh)
    await through(['6'])
    await clock.advance(25 * hourMs)
    service.oldest = { number: '8', arrivedAtMs: nowMs + 2 * hourMs }
    await expect(through(['8'])).rejects.toMatchObject(gap({ after: '6' }))
  })
})

describe('pages of a shard of which nothing was read', () => {
  it('are welcome as they come where nothing is awaited, and awaited from then on', async () => {
    const { through, guarded, service } = setUp({ after: undefined, readUpToMs: undefined }, { retentionHours: 168 })
    await through(['6'], 167.9 * hourMs)
    expect(guarded.soFar).toEqual({ after: '6', readUpToMs: hoursAgo(167) })
    // The trim horizon is close behind a reader that begins there: that is no loss.
    service.oldest = { number: '90', arrivedAtMs: hoursAgo(167.5) }
    await through(['90'], 167.5 * hourMs)
    await through(['95'], 100 * hourMs)
    service.retentionHours = 96
    service.oldest = { number: '99', arrivedAtMs: hoursAgo(95) }
    await expect(through(['99'], 95 * hourMs)).rejects.toMatchObject(gap({ after: '95' }))
  })

  it('are awaited from the first record on, however lately their shard was met', async () => {
    const hour = 3_600_000
    const { through, clock, service } = setUp(
      { after: undefined, readUpToMs: nowMs },
      { retentionHours: 168, oldest: { number: '10', arrivedAtMs: nowMs - 100 * hour } },
    )
    await through(['10', '11'], 100 * hour)
    await through(['12'], 100 * hour)
    // Nobody has read for three days, and what came behind the position is gone.
    await clock.advance(80 * hour)
    service.oldest = { number: '90', arrivedAtMs: clock.now() - 168 * hour }
    await expect(through(['90'], 168 * hour)).rejects.toMatchObject({ code: 'STREAM_GAP' })
  })

  it('stop if they have been awaited for longer than the stream keeps them', async () => {
    const soFar = { after: undefined, readUpToMs: hoursAgo(25) }
    const oldest = { number: '9', arrivedAtMs: hoursAgo(23) }
    await expect(setUp(soFar, { oldest }).through(['9'])).rejects.toMatchObject(gap({ oldestLeft: '9' }))
    const older = { number: '1', arrivedAtMs: hoursAgo(25.5) }
    expect(await setUp(soFar, { oldest: older }).through(['1'])).toMatchObject({ bytes: 1 })
  })
})

describe('a stream that is not the same any more', () => {
  it.each([{ createdAt: 2 }, { isMissing: true }])('is not read from: %j', async (change) => {
    await expect(setUp(fresh, change).through(['6'])).rejects.toMatchObject({ code: 'SHARD_NOT_FOUND' })
  })

  it('is found within a minute', async () => {
    const { clock, through, service, asked } = setUp(fresh)
    await through(['6'])
    service.createdAt = 2
    await through(['7'])
    await clock.advance(58_000)
    await expect(through(['8'])).rejects.toMatchObject({ code: 'SHARD_NOT_FOUND', details: { after: '7' } })
    expect(asked).toHaveLength(2)
  })
})
