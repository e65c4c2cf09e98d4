import { parseJson } from '../../src/aws/exact-json.ts'
import type { AttributeValue, Item } from '../../src/change/attribute-value.ts'
import type { ChangeEvent } from '../../src/change/change-event.ts'
import type { KinesisRecord } from '../../src/change/kinesis-record.ts'

/** A record of a Kinesis stream with these bytes, and what they say if they are an object of JSON. */
export function kinesisRecordOf(data: Buffer | object, more: Partial<KinesisRecord> = {}): KinesisRecord {
  const bytes = Buffer.isBuffer(data) ? data : Buffer.from(JSON.stringify(data))
  return {
    sequenceNumber: '49657827840918770000000000000000000000000000000000000001',
    subSequence: undefined,
    partitionKey: '859F7C064A4818874FA67ABEC9BF2AF1',
    arrivedAtMs: 1_795_426_137_900,
    data: bytes,
    change: changeIn(bytes),
    isLate: false,
    ...more,
  }
}

function changeIn(bytes: Buffer): KinesisRecord['change'] {
  try {
    const parsed = parseJson(bytes)
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
      ? (parsed as Readonly<Record<string, unknown>>)
      : undefined
  } catch {
    // Not JSON.
    return undefined
  }
}

/** The change as DynamoDB writes it into a Kinesis stream. */
export function kinesisWire(event: ChangeEvent, tableName: string): object {
  const { operation, keys, oldImage, newImage, eventId, createdAtMs, createdAtMicros, sizeBytes, userIdentity } = event
  return {
    awsRegion: 'us-east-1',
    eventID: eventId,
    eventName: operation,
    userIdentity: userIdentity ?? null,
    recordFormat: 'application/json',
    tableName,
    dynamodb: {
      ApproximateCreationDateTime: createdAtMicros ?? createdAtMs,
      ...(createdAtMicros === undefined ? {} : { ApproximateCreationDateTimePrecision: 'MICROSECOND' }),
      Keys: encodedTwice(keys),
      ...(newImage === undefined ? {} : { NewImage: encodedTwice(newImage) }),
      ...(oldImage === undefined ? {} : { OldImage: encodedTwice(oldImage) }),
      SizeBytes: sizeBytes,
    },
    eventSource: 'aws:dynamodb',
  }
}

/** The same change as DynamoDB Streams write it. */
export function streamsWire(event: ChangeEvent): object {
  const { operation, keys, oldImage, newImage, eventId, createdAtMs, sizeBytes, sequenceNumber, userIdentity } = event
  return {
    eventID: eventId,
    eventName: operation,
    ...(userIdentity === undefined ? {} : { userIdentity }),
    dynamodb: {
      ApproximateCreationDateTime: createdAtMs / 1000,
      Keys: keys,
      ...(newImage === undefined ? {} : { NewImage: newImage }),
      ...(oldImage === undefined ? {} : { OldImage: oldImage }),
      SequenceNumber: sequenceNumber,
      SizeBytes: sizeBytes,
      StreamViewType: 'NEW_AND_OLD_IMAGES',
    },
  }
}

/** An item with its binaries as Kinesis records have them. */
export function encodedTwice(item: Item): Item {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, valueTwice(value)]))
}

function valueTwice(value: AttributeValue): AttributeValue {
  if ('B' in value) return { B: textTwice(value.B) }
  if ('BS' in value) return { BS: value.BS.map(textTwice) }
  if ('L' in value) return { L: value.L.map(valueTwice) }
  return 'M' in value ? { M: encodedTwice(value.M) } : value
}

function textTwice(text: string): string {
  return Buffer.from(text).toString('base64')
}
