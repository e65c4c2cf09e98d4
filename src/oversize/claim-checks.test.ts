import { describe, expect, it } from 'vitest'
import { headersOf, oversizedChange } from '../../test/oracle/oversized-changes.ts'
import { createManualClock } from '../../test/servers/stream-simulator/manual-clock.ts'
import { createMemoryObjectWriter } from '../../test/servers/memory-object-writer.ts'
import type { MemoryObjectWriter } from '../../test/servers/memory-object-writer.ts'
import { seededRng } from '../async/rng.ts'
import { TailraceError } from '../errors.ts'
import { createRecordReader } from '../reader/record-reader.ts'
import { createClaimChecks } from './claim-checks.ts'
import type { ClaimCheckOptions } from './claim-checks.ts'
import type { LeftBehind } from './claim-check-cleaner.ts'
import type { ShrunkChange } from './oversize.ts'

const never = new AbortController().signal
const value = Buffer.alloc(5_000, 'v')

interface Setup {
  readonly bucket: MemoryObjectWriter
  readonly checks: ReturnType<typeof createClaimChecks>
  readonly left: readonly LeftBehind[]
}

function setUp(more: Partial<ClaimCheckOptions> = {}, bucket = createMemoryObjectWriter()): Setup {
  const left: LeftBehind[] = []
  const checks = createClaimChecks({
    objects: bucket,
    clock: createManualClock(0),
    rng: seededRng(Math.ceil(bucket.objects.size * 7 + 3)),
    bucket: 'large',
    prefix: 'values/',
    owner: undefined,
    pipeline: 'shop',
    ledgerId: 'ledger-1',
    isOnce: true,
    onLeftBehind: (one) => void left.push(one),
    ...more,
  })
  return { bucket, checks, left }
}

const shrunk = async ({ checks }: Setup, more: Parameters<typeof oversizedChange>[2] = {}): Promise<ShrunkChange> => {
  const made = await checks.shrink(oversizedChange(value, 2_000, more), never)
  if (made === undefined) throw new Error('it did not get smaller')
  return made
}
const settle = ({ attachments }: ShrunkChange, outcome: 'committed' | 'aborted' | 'unknown'): void =>
  attachments.forEach((attachment) => attachment.settle(outcome))
const keysOf = ({ bucket }: Setup): readonly string[] => [...bucket.objects.keys()]

describe('a claim check', () => {
  it('is a small record with key and headers; whoever follows it has the very bytes', async () => {
    const setup = setUp()
    const { records } = await shrunk(setup, { isDelete: true })
    const [key = ''] = keysOf(setup)
    expect(key).toMatch(/^values\/shop\/orders\/shardId-1\/100-[0-9a-f]{12}-[0-9a-f]{16}\.0$/)
    const [record, tombstone] = records
    expect(tombstone).toMatchObject({ value: null })
    expect(record?.key).toBe(tombstone?.key)
    expect(headersOf(record ?? { headers: [] })).toEqual({
      'tailrace.table': 'orders',
      'tailrace.op': 'd',
      'tailrace.claim.check': `s3://large/${key}`,
    })
    const reader = createRecordReader({
      getObject: async (address) =>
        (address.bucket === 'large' ? setup.bucket.objects.get(address.key) : undefined) ?? new Uint8Array(),
    })
    expect(await reader.take({ ...record, value: record?.value ?? null })).toMatchObject({ value })
  })

  it('of a row lies below a digest of its key', async () => {
    const setup = setUp()
    await shrunk(setup, { position: undefined, operation: 'READ' })
    expect(keysOf(setup)[0]).toMatch(/^values\/shop\/orders\/rows\/[0-9a-f]{32}-[0-9a-f]{12}-[0-9a-f]{16}\.0$/)
  })

  it('is not made where even the address is too large: nothing is put anywhere', async () => {
    const setup = setUp()
    expect(await setup.checks.shrink(oversizedChange(value, 200), never)).toBeUndefined()
    expect(keysOf(setup)).toEqual([])
  })

  it('has objects of its own in each attempt', async () => {
    const setup = setUp()
    await shrunk(setup)
    await shrunk(setup)
    expect(new Set(keysOf(setup)).size).toBe(2)
  })
})

describe('what is left of attempts', () => {
  it('goes when the transaction was aborted, and stays when nobody knows', async () => {
    const setup = setUp()
    settle(await shrunk(setup), 'unknown')
    const [first] = keysOf(setup)
    settle(await shrunk(setup), 'aborted')
    await setup.checks[Symbol.asyncDispose]()
    expect(keysOf(setup)).toEqual([first])
    expect(setup.left).toEqual([])
  })

  it('goes when a later attempt is committed; other changes, other lives and earlier turns keep theirs', async () => {
    const setup = setUp()
    const { bucket } = setup
    settle(await shrunk(setup), 'unknown')
    settle(await shrunk(setup, { position: { shard: 'shardId-1', sequenceNumber: '1001' } }), 'committed')
    settle(await shrunk(setup, { turn: '2.0' }), 'committed')
    settle(await shrunk(setUp({ ledgerId: 'ledger-2' }, bucket)), 'committed')
    settle(await shrunk(setup, { position: undefined }), 'committed')
    settle(await shrunk(setup, { position: undefined }), 'committed')
    const before = keysOf(setup)
    expect(before).toHaveLength(6)
    settle(await shrunk(setup), 'committed')
    await setup.checks[Symbol.asyncDispose]()
    expect(keysOf(setup)).toHaveLength(6)
    expect(keysOf(setup)).not.toContain(before[0])
    expect(keysOf(setup)).toEqual(expect.arrayContaining(before.slice(1)))
  })

  it('stays where a change may be committed twice', async () => {
    const setup = setUp({ isOnce: false })
    settle(await shrunk(setup), 'unknown')
    settle(await shrunk(setup), 'committed')
    await setup.checks[Symbol.asyncDispose]()
    expect(keysOf(setup)).toHaveLength(2)
  })

  it('goes when the upload fails: it may have arrived', async () => {
    const setup = setUp()
    setup.bucket.onPut = async () => {
      throw new TailraceError('BUCKET_MISSING', 'there is no bucket')
    }
    let removed = 0
    setup.bucket.onTidy = async () => void removed++
    await expect(shrunk(setup)).rejects.toMatchObject({ code: 'BUCKET_MISSING' })
    await setup.checks[Symbol.asyncDispose]()
    expect(removed).toBe(1)
  })

  it('is told of where it cannot be taken away', async () => {
    const setup = setUp()
    let attempts = 0
    setup.bucket.onTidy = async () => {
      attempts++
      throw new TailraceError('AWS_ACCESS_DENIED', 'no')
    }
    settle(await shrunk(setup), 'aborted')
    await expect.poll(() => setup.left.length).toBe(1)
    expect(attempts).toBe(5)
    expect(setup.left).toMatchObject([{ what: `s3://large/${keysOf(setup)[0]}`, error: { code: 'AWS_ACCESS_DENIED' } }])
  })
})

describe('uploads', () => {
  it('are eight at once at most, and end with their signal', async () => {
    const setup = setUp()
    setup.bucket.onPut = (_, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
    const stop = new AbortController()
    const change = oversizedChange(value, 2_000)
    const attempts = Array.from({ length: 12 }, () => setup.checks.shrink(change, stop.signal).catch(String))
    await new Promise((resolve) => setImmediate(resolve))
    expect(setup.bucket.uploads).toEqual({ now: 8, most: 8 })
    stop.abort(new Error('enough'))
    expect(await Promise.all(attempts)).toEqual(Array.from({ length: 12 }, () => 'Error: enough'))
    await setup.checks[Symbol.asyncDispose]()
    setup.bucket.onPut = async () => {}
    await shrunk(setup)
    expect(keysOf(setup)).toHaveLength(1)
  })
})
