import { createHash } from 'node:crypto'
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { TailraceError } from '../../errors.ts'
import type { HashKeyRange } from './listed-shard.ts'
import { hashKeyOf, isWithin } from './repair/hash-keys.ts'

/** A record out of a package that Amazon's producer library (KPL) has made of several. */
export interface PackedRecord {
  readonly partitionKey: string
  /** Decimal digits; undefined where the partition key decides which shard the record is of. */
  readonly explicitHashKey: string | undefined
  readonly data: Buffer
}

/** A package begins with these bytes and ends with the MD5 of what is between; a record that only begins so is none. */
const magic = Buffer.from([0xf3, 0x89, 0x9a, 0xc2])
const digestBytes = 16

/**
 * The records of a package, in their order; undefined for bytes that are no package. The data are views of the bytes given.
 * Throws PACKAGE_DAMAGED for one whose checksum is right and whose content is none: of that nothing must be left out
 * silently. `place` is for the message.
 */
export function deaggregate(
  data: Buffer,
  place: { readonly shardId: string; readonly sequenceNumber: string },
): readonly PackedRecord[] | undefined {
  // The first byte tells nearly all others, at no cost.
  if (data[0] !== magic[0] || data.length <= magic.length + digestBytes) return undefined
  if (!data.subarray(0, magic.length).equals(magic)) return undefined
  const content = data.subarray(magic.length, -digestBytes)
  if (!createHash('md5').update(content).digest().equals(data.subarray(-digestBytes))) return undefined
  try {
    return recordsIn(content)
  } catch (error) {
    const where = `shard ${place.shardId}, sequence number ${place.sequenceNumber}`
    throw new TailraceError('PACKAGE_DAMAGED', `A package cannot be taken apart (${where})`, {
      cause: error,
      details: { shard: place.shardId, sequenceNumber: place.sequenceNumber },
    })
  }
}

/**
 * True for a package that was put into this shard although one of its records belongs to another one: the shards had changed
 * since its producer knew them. It puts all of the records once more where they belong, so these are to be left out.
 */
export function isMisplaced(records: readonly PackedRecord[], range: HashKeyRange): boolean {
  return records.some((record) => !isWithin(keyOf(record), range))
}

function keyOf({ partitionKey, explicitHashKey }: PackedRecord): bigint {
  return explicitHashKey === undefined ? hashKeyOf(partitionKey) : BigInt(explicitHashKey)
}

/** `AggregatedRecord` of the library's messages: two tables of keys, and records that point into them. */
function recordsIn(content: Buffer): readonly PackedRecord[] {
  const partitionKeys: string[] = []
  const hashKeys: string[] = []
  const records: PointingRecord[] = []
  eachField(content, {
    1: [WireType.LengthDelimited, (reader) => partitionKeys.push(reader.string())],
    2: [WireType.LengthDelimited, (reader) => hashKeys.push(reader.string())],
    3: [WireType.LengthDelimited, (reader) => records.push(recordIn(reader.bytes()))],
  })
  return records.map(({ partitionKeyIndex, hashKeyIndex, data }) => ({
    partitionKey: entryOf(partitionKeys, partitionKeyIndex),
    explicitHashKey: hashKeyIndex === undefined ? undefined : hashKeyText(entryOf(hashKeys, hashKeyIndex)),
    data,
  }))
}

interface PointingRecord {
  readonly partitionKeyIndex: number
  readonly hashKeyIndex: number | undefined
  readonly data: Buffer
}

function recordIn(message: Uint8Array): PointingRecord {
  let partitionKeyIndex: number | undefined
  let hashKeyIndex: number | undefined
  let data: Uint8Array | undefined
  eachField(message, {
    1: [WireType.Varint, (reader) => (partitionKeyIndex = Number(reader.uint64()))],
    2: [WireType.Varint, (reader) => (hashKeyIndex = Number(reader.uint64()))],
    3: [WireType.LengthDelimited, (reader) => (data = reader.bytes())],
  })
  if (partitionKeyIndex === undefined || data === undefined) throw new Error('a record lacks its key or its data')
  return { partitionKeyIndex, hashKeyIndex, data: Buffer.from(data.buffer, data.byteOffset, data.byteLength) }
}

/** By field number: its type on the wire, and what reads its content. */
type Fields = Readonly<Record<number, readonly [type: WireType, read: (reader: BinaryReader) => unknown]>>

/** Reads a message's fields in their order and passes over those that are not known. Throws where it is none. */
function eachField(message: Uint8Array, fields: Fields): void {
  const reader = new BinaryReader(message)
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag()
    const field = fields[number]
    if (field === undefined) passOver(reader, type)
    else if (field[0] === type) field[1](reader)
    else throw new Error(`field ${number} is of another type`)
  }
}

/** Groups, which no message of the library has, are none of its fields. */
function passOver(reader: BinaryReader, type: WireType): void {
  if (type === WireType.Varint) reader.uint64()
  else if (type === WireType.LengthDelimited) reader.bytes()
  else if (type === WireType.Bit64) reader.fixed64()
  else if (type === WireType.Bit32) reader.fixed32()
  else throw new Error(`a field is of wire type ${type}`)
}

function entryOf(table: readonly string[], index: number): string {
  const entry = table[index]
  if (entry === undefined) throw new Error('a record points behind the end of a table of keys')
  return entry
}

/** 128 bits, as decimal digits. */
function hashKeyText(text: string): string {
  if (!/^\d{1,39}$/.test(text) || BigInt(text) >= 1n << 128n)
    throw new Error('an explicit hash key is no number of 128 bits')
  return text
}
