import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deaggregate, isMisplaced } from './deaggregate.ts'
import type { PackedRecord } from './deaggregate.ts'

interface Judge {
  readonly RecordAggregator: new () => {
    addUserRecord(record: { partitionKey: string; explicitHashKey?: string; data: Buffer }): void
    build(): { readonly data: Buffer }
  }
  readonly deaggregateSync: (
    record: { readonly data: string; readonly partitionKey: string; readonly sequenceNumber: string },
    checksums: boolean,
    after: (
      error: Error | null,
      records?: readonly { readonly partitionKey: string; readonly explicitHashKey?: string; readonly data: string }[],
    ) => void,
  ) => void
}

// Amazon's own library for JavaScript packs; its types would need two more packages.
const judge = createRequire(import.meta.url)('aws-kinesis-agg') as Judge
const place = { shardId: 'shardId-000000000002', sequenceNumber: '4957' }

function packed(records: readonly PackedRecord[]): Buffer {
  const aggregator = new judge.RecordAggregator()
  for (const { partitionKey, explicitHashKey, data } of records) {
    aggregator.addUserRecord({ partitionKey, ...(explicitHashKey === undefined ? {} : { explicitHashKey }), data })
  }
  return aggregator.build().data
}

/** What the same library takes out of a package again. */
function theirs(data: Buffer): unknown {
  let found: unknown
  judge.deaggregateSync({ ...place, partitionKey: 'x', data: data.toString('base64') }, true, (error, some) => {
    found = error ?? some?.map((one) => [one.partitionKey, one.data])
  })
  return found
}

function sealed(content: Uint8Array): Buffer {
  const magic = Buffer.from('f3899ac2', 'hex')
  return Buffer.concat([magic, content, createHash('md5').update(content).digest()])
}

/** A package of one record, with what is given in the place of what is right. */
function made({
  keyIndex = 0,
  hashKey,
  data = 'x',
}: { keyIndex?: number; hashKey?: string; data?: string } = {}): Buffer {
  const record = new BinaryWriter().tag(1, WireType.Varint).uint64(keyIndex)
  if (hashKey !== undefined) record.tag(2, WireType.Varint).uint64(0)
  record.tag(3, WireType.LengthDelimited).bytes(Buffer.from(data))
  const content = new BinaryWriter().tag(1, WireType.LengthDelimited).string('a')
  if (hashKey !== undefined) content.tag(2, WireType.LengthDelimited).string(hashKey)
  return sealed(content.tag(3, WireType.LengthDelimited).bytes(record.finish()).finish())
}

// Its tables are objects: names such as 0 would change their order, and __proto__ would be lost.
const partitionKey = fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }).map((text) => `k${text}`)
const records = fc.array(
  fc.record({
    partitionKey,
    explicitHashKey: fc.option(
      fc.bigInt({ min: 10n ** 20n, max: 2n ** 128n - 1n }).map((number) => number.toString()),
      { nil: undefined },
    ),
    data: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  }),
  { minLength: 1, maxLength: 20 },
)

describe('a package of the producer library', () => {
  it('holds the records that Amazon’s library has packed', () => {
    let hashed = 0
    fc.assert(
      fc.property(records, (some) => {
        hashed += some.filter(({ explicitHashKey }) => explicitHashKey !== undefined).length
        const data = packed(some)
        expect(deaggregate(data, place)).toEqual(some)
        expect(theirs(data)).toEqual(some.map((one) => [one.partitionKey, one.data.toString('base64')]))
      }),
      { numRuns: 300 },
    )
    expect(hashed).toBeGreaterThan(100)
  })

  it('may be empty, may hold empty records, and fields that nobody knows', () => {
    expect(
      deaggregate(sealed(new BinaryWriter().tag(1, WireType.LengthDelimited).string('a').finish()), place),
    ).toEqual([])
    const content = new BinaryWriter()
      .tag(1, WireType.LengthDelimited)
      .string('')
      .tag(9, WireType.LengthDelimited)
      .string('new')
      .tag(10, WireType.Varint)
      .uint64(7)
    const record = new BinaryWriter()
      .tag(3, WireType.LengthDelimited)
      .bytes(Buffer.alloc(0))
      .tag(4, WireType.LengthDelimited)
      .string('a tag')
      .tag(1, WireType.Varint)
      .uint64(0)
    expect(
      deaggregate(sealed(content.tag(3, WireType.LengthDelimited).bytes(record.finish()).finish()), place),
    ).toEqual([{ partitionKey: '', explicitHashKey: undefined, data: Buffer.alloc(0) }])
    expect(deaggregate(made({ hashKey: '0' }), place)).toEqual([
      { partitionKey: 'a', explicitHashKey: '0', data: Buffer.from('x') },
    ])
  })

  it('is none if it does not begin and end like one: then it is an ordinary record', () => {
    const data = made()
    expect(deaggregate(data, place)).toHaveLength(1)
    for (let at = 0; at < data.length; at++) {
      const damaged = Buffer.from(data)
      damaged[at] = (damaged[at] ?? 0) ^ 1
      expect(deaggregate(damaged, place)).toBeUndefined()
      expect(deaggregate(data.subarray(0, at), place)).toBeUndefined()
    }
    expect(deaggregate(sealed(Buffer.alloc(0)), place)).toBeUndefined()
    expect(deaggregate(Buffer.from('{"eventSource":"aws:dynamodb"}'), place)).toBeUndefined()
  })

  it.each<[string, Buffer]>([
    ['a key that is not in the table', made({ keyIndex: 1 })],
    ['a key far beyond', made({ keyIndex: Number.MAX_SAFE_INTEGER })],
    ['a hash key that is no number', made({ hashKey: '1e5' })],
    ['a hash key of more than 128 bits', made({ hashKey: String(2n ** 128n) })],
    ['content that is cut off', sealed(made().subarray(4, -18))],
    ['content that is no message', sealed(Buffer.from('secret'))],
    ['a table of another type', sealed(new BinaryWriter().tag(1, WireType.Varint).uint64(5).finish())],
    [
      'a record without data',
      sealed(
        new BinaryWriter()
          .tag(3, WireType.LengthDelimited)
          .bytes(new BinaryWriter().tag(1, WireType.Varint).uint64(0).finish())
          .finish(),
      ),
    ],
  ])('is damaged with %s, and says where it is', (_, data) => {
    const read = (): unknown => deaggregate(data, place)
    expect(read).toThrow(
      expect.objectContaining({ code: 'PACKAGE_DAMAGED', details: { shard: place.shardId, sequenceNumber: '4957' } }),
    )
    expect(read).not.toThrow(/secret/)
  })

  it('never fails in another way', () => {
    let damaged = 0
    fc.assert(
      fc.property(records, fc.nat(), fc.nat(255), (some, at, byte) => {
        const content = packed(some).subarray(4, -16)
        content[at % content.length] = byte
        try {
          deaggregate(sealed(content), place)
        } catch (error) {
          damaged++
          expect(error).toMatchObject({ code: 'PACKAGE_DAMAGED' })
        }
      }),
      { numRuns: 1_000 },
    )
    expect(damaged).toBeGreaterThan(20)
  })

  it('is in the wrong shard if one of its records is', () => {
    const record = { partitionKey: 'a', explicitHashKey: undefined, data: Buffer.alloc(0) }
    const hash = BigInt(`0x${createHash('md5').update('a').digest('hex')}`)
    expect(isMisplaced([record], { from: hash, to: hash })).toBe(false)
    expect(isMisplaced([record], { from: hash + 1n, to: 2n ** 128n - 1n })).toBe(true)
    const explicit = { ...record, explicitHashKey: '5' }
    expect(isMisplaced([explicit], { from: 0n, to: 5n })).toBe(false)
    expect(isMisplaced([explicit, record], { from: 0n, to: 5n })).toBe(true)
    expect(isMisplaced([], { from: 0n, to: 0n })).toBe(false)
  })
})
