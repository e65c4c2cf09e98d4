import type { AttributeValue, Item } from '../../src/change/attribute-value.ts'
import type { FetchedRecord } from '../../src/kafka/kafka.ts'
import type { DeliveredRecord } from '../../src/oracle/oracle.ts'

/**
 * Items that say of themselves which of their versions they are: `v` counts an item's changes, deletes included, `w` is
 * unique among all writes, `n` is a whole number for sums, and `c` is a checksum over the rest, so that a record that was
 * altered on its way gives itself away.
 */
export interface VersionedItem {
  readonly id: string
  readonly version: number
  readonly writeId: number
  readonly amount: number
  readonly padding: string
}

/** As DynamoDB stores it. */
export function toItem(item: VersionedItem): Item {
  const text = (value: string): AttributeValue => ({ S: value })
  const number = (value: number): AttributeValue => ({ N: String(value) })
  return {
    id: text(item.id),
    v: number(item.version),
    w: number(item.writeId),
    n: number(item.amount),
    p: text(item.padding),
    c: text(digestOf(item)),
  }
}

/** The checksum: what the oracle compares as an image's digest. */
export function digestOf({ id, version, writeId, amount, padding }: VersionedItem): string {
  let low = 0x811c9dc5
  let high = 0xcbf29ce4
  const text = `${id}|${version}|${writeId}|${amount}|${padding}`
  for (let index = 0; index < text.length; index++) {
    low = Math.imul(low ^ text.charCodeAt(index), 0x01000193)
    high = Math.imul(high ^ text.charCodeAt(index), 0x85ebca6b)
  }
  return `${(low >>> 0).toString(16)}${(high >>> 0).toString(16)}`
}

/** A record of an output topic, as any reader gives it. */
export interface ReadRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly key: string | null
  /** Null for a tombstone. */
  readonly value: string | null
  /** Headers `tailrace.shard` and `tailrace.seq`. */
  readonly shardId: string | undefined
  readonly sequenceNumber: string | undefined
}

const operations: Readonly<Record<string, DeliveredRecord['operation']>> = {
  c: 'INSERT',
  u: 'MODIFY',
  d: 'REMOVE',
  r: 'SNAPSHOT',
}

/** Reads Debezium's envelope around a versioned item; undefined for a tombstone. */
export function readVersionedRecord(
  record: ReadRecord,
  tableOf: (topic: string) => string,
): DeliveredRecord | undefined {
  if (record.value === null) return undefined
  const envelope = objectOf(JSON.parse(record.value))
  const before = imageOf(envelope['before'])
  const after = imageOf(envelope['after'])
  const isOfSnapshot = objectOf(envelope['source'])['snapshot'] !== 'false'
  const isVanished = envelope['op'] === 'd' && isOfSnapshot
  const operation = isVanished ? 'VANISHED' : (operations[String(envelope['op'])] ?? 'UNKNOWN')
  const { topic, partition, offset, shardId, sequenceNumber } = record
  return {
    topic,
    partition,
    offset,
    table: tableOf(topic),
    key: String(objectOf(JSON.parse(record.key ?? '{}'))['id']),
    // Of a vanished item only the keys are known.
    version: after?.version ?? (before === undefined || isVanished ? undefined : before.version + 1),
    operation,
    before: before === undefined || isVanished ? null : checked(before, envelope['before']),
    after: after === undefined ? null : checked(after, envelope['after']),
    amount: after?.amount ?? 0,
    position: shardId === undefined || sequenceNumber === undefined ? undefined : { shardId, sequenceNumber },
  }
}

/** The digest, if the image's own checksum agrees; else something that no write has. */
function checked(item: VersionedItem, image: unknown): string {
  const digest = digestOf(item)
  return objectOf(image)['c'] === digest ? digest : `altered-${digest}`
}

function imageOf(value: unknown): VersionedItem | undefined {
  if (value === null || value === undefined) return undefined
  const image = objectOf(value)
  return {
    id: String(image['id']),
    version: Number(image['v']),
    writeId: Number(image['w']),
    amount: Number(image['n']),
    padding: String(image['p']),
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
}

/** A record as readers of all kinds give it. */
export function readable(record: FetchedRecord, topic: string, partition: number): ReadRecord {
  const header = (name: string): string | undefined =>
    record.headers.find(([found]) => found === name)?.[1]?.toString() ?? undefined
  return {
    topic,
    partition,
    offset: Number(record.offset),
    key: record.key?.toString() ?? null,
    value: record.value?.toString() ?? null,
    shardId: header('tailrace.shard'),
    sequenceNumber: header('tailrace.seq'),
  }
}
