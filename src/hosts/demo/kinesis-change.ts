import { createHash } from 'node:crypto'
import { isJsonObject } from '../../aws/json-object.ts'
import type { JsonObject } from '../../aws/json-object.ts'

/** In what a record of DynamoDB's in Kinesis counts the time of its change. */
export type CreationPrecision = 'MILLISECOND' | 'MICROSECOND'

/** What a record of DynamoDB Streams does not say, and one in Kinesis does. */
export interface KinesisChangeContext {
  readonly tableName: string
  /** When the change was made. Microseconds since the epoch; a record in milliseconds says it rounded down. */
  readonly createdAtMicros: number
  readonly precision: CreationPrecision
}

/** A change as DynamoDB puts it into a Kinesis stream. */
export interface KinesisChange {
  /** 32 hexadecimal digits; the same for all changes of an item. */
  readonly partitionKey: string
  /** JSON. */
  readonly data: Buffer
}

/**
 * A record of DynamoDB Streams (of both images) in the shape that DynamoDB's Kinesis destination gives it: no sequence
 * number, version or view type, a time of its own precision, the table's name, and binaries in base64 twice.
 */
export function kinesisChange(record: JsonObject, context: KinesisChangeContext): KinesisChange {
  const { tableName, createdAtMicros, precision } = context
  const change = objectMember(record, 'dynamodb')
  const keys = objectMember(change, 'Keys')
  const identity = record['userIdentity']
  const image = (name: string): JsonObject =>
    change[name] === undefined ? {} : { [name]: withBinariesTwice(objectMember(change, name)) }
  const json = {
    awsRegion: record['awsRegion'],
    eventID: record['eventID'],
    eventName: record['eventName'],
    userIdentity: identity ?? null,
    recordFormat: 'application/json',
    tableName,
    dynamodb: {
      ApproximateCreationDateTime: precision === 'MICROSECOND' ? createdAtMicros : Math.floor(createdAtMicros / 1000),
      ...(precision === 'MICROSECOND' ? { ApproximateCreationDateTimePrecision: precision } : {}),
      Keys: withBinariesTwice(keys),
      ...image('NewImage'),
      ...image('OldImage'),
      SizeBytes: change['SizeBytes'],
    },
    eventSource: 'aws:dynamodb',
  }
  return { partitionKey: partitionKeyOf(tableName, keys), data: Buffer.from(JSON.stringify(json)) }
}

/** How DynamoDB makes it is not told; it looks like this. */
function partitionKeyOf(tableName: string, keys: JsonObject): string {
  const names = Object.keys(keys).sort()
  const text = JSON.stringify([tableName, names.map((name) => [name, keys[name]])])
  return createHash('md5').update(text).digest('hex').toUpperCase()
}

function withBinariesTwice(item: JsonObject): JsonObject {
  // Not by assignment: an attribute may be called __proto__.
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, valueWithBinariesTwice(value)]))
}

function valueWithBinariesTwice(value: unknown): unknown {
  if (!isJsonObject(value)) return value
  const { B: binary, BS: binaries, L: list, M: map } = value
  if (typeof binary === 'string') return { B: base64(binary) }
  if (Array.isArray(binaries)) return { BS: binaries.map((each) => (typeof each === 'string' ? base64(each) : each)) }
  if (Array.isArray(list)) return { L: list.map(valueWithBinariesTwice) }
  if (isJsonObject(map)) return { M: withBinariesTwice(map) }
  return value
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

function objectMember(object: JsonObject, name: string): JsonObject {
  const value = object[name]
  if (!isJsonObject(value)) throw new Error(`a record of DynamoDB Streams has no ${name}`)
  return value
}
