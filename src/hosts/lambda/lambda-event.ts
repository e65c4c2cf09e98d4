import { isSequenceNumber } from '../../change/sequence-number.ts'
import { TailraceError } from '../../errors.ts'
import type { PlainRecord } from '../../sources/kinesis/record-pages.ts'

/** A batch as Lambda hands it over, as far as it must be understood before anything else. */
export type LambdaBatch = DynamoDbBatch | KinesisBatch

interface BatchOf<Kind extends 'dynamodb' | 'kinesis', Record> {
  readonly kind: Kind
  /** Undefined in a batch without records, unless it is of a window. */
  readonly sourceArn: string | undefined
  /** A batch of a DynamoDB stream has one only where the mapping has a tumbling window. */
  readonly shardId: string | undefined
  readonly records: readonly { readonly sequenceNumber: string; readonly record: Record }[]
  /** What the mapping's tumbling window wants back; undefined where it has none. */
  readonly window: { readonly state: unknown } | undefined
}

/** Records as DynamoDB Streams gives them, untrusted but for their numbers. */
export type DynamoDbBatch = BatchOf<'dynamodb', unknown>
export type KinesisBatch = BatchOf<'kinesis', PlainRecord>

/**
 * Reads an event (https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html, with-kinesis.html). A batch without records
 * is one: windows end with such invocations. Throws LAMBDA_EVENT_UNKNOWN for everything else, and for records without a
 * number, since their place is not known; LAMBDA_EVENT_MIXED for records of several streams or shards.
 */
export function readLambdaEvent(event: unknown): LambdaBatch {
  if (!isObject(event)) throw unknownEvent('it is not an object')
  const window = 'state' in event || 'window' in event ? { state: event['state'] ?? {} } : undefined
  const sourceArn = textOf(event['eventSourceARN'])
  const shardId = textOf(event['shardId'])
  const records = event['Records'] ?? (window === undefined ? undefined : [])
  if (!Array.isArray(records)) throw unknownEvent('it has no Records')
  const wires: readonly unknown[] = records
  const kind = wires.length === 0 ? kindOfArn(sourceArn) : kindOf(wires[0])
  const place = { sourceArn, shardId, window }
  return kind === 'dynamodb' ? dynamoDbBatch(wires, place) : kinesisBatch(wires, place)
}

type Place = Pick<LambdaBatch, 'sourceArn' | 'shardId' | 'window'>

function dynamoDbBatch(wires: readonly unknown[], place: Place): DynamoDbBatch {
  const records = wires.map((record, at) => {
    const change = memberOf(record, 'dynamodb')
    return { record, sequenceNumber: numberOf(memberOf(change, 'SequenceNumber'), at) }
  })
  return {
    kind: 'dynamodb',
    ...place,
    sourceArn: commonOf(wires, sourceOf, { what: 'streams', named: place.sourceArn }),
    records,
  }
}

function kinesisBatch(wires: readonly unknown[], place: Place): KinesisBatch {
  const records = wires.map((wire, at) => {
    const record = plainRecord(memberOf(wire, 'kinesis'), at)
    return { sequenceNumber: record.sequenceNumber, record }
  })
  return {
    kind: 'kinesis',
    window: place.window,
    sourceArn: commonOf(wires, sourceOf, { what: 'streams', named: place.sourceArn }),
    shardId: commonOf(wires, shardOf, { what: 'shards', named: place.shardId }),
    records,
  }
}

function plainRecord(wire: unknown, at: number): PlainRecord {
  const data = textOf(memberOf(wire, 'data'))
  const partitionKey = textOf(memberOf(wire, 'partitionKey'))
  const arrived = memberOf(wire, 'approximateArrivalTimestamp')
  if (data === undefined || partitionKey === undefined)
    throw unknownEvent(`record ${at} has no data or no partitionKey`)
  if (typeof arrived !== 'number' || !(arrived >= 0 && arrived < 9e9))
    throw unknownEvent(`record ${at} has no approximateArrivalTimestamp in seconds`)
  return {
    sequenceNumber: numberOf(memberOf(wire, 'sequenceNumber'), at),
    partitionKey,
    arrivedAtMs: Math.round(arrived * 1000),
    data: Buffer.from(data, 'base64'),
  }
}

function kindOf(wire: unknown): 'dynamodb' | 'kinesis' {
  const source = memberOf(wire, 'eventSource')
  if (source === 'aws:dynamodb') return 'dynamodb'
  if (source === 'aws:kinesis') return 'kinesis'
  throw unknownEvent(
    typeof source === 'string' ? `its records are of ${source.slice(0, 100)}` : 'its records name no source',
  )
}

function kindOfArn(sourceArn: string | undefined): 'dynamodb' | 'kinesis' {
  if (sourceArn === undefined || sourceArn.includes(':dynamodb:')) return 'dynamodb'
  if (sourceArn.includes(':kinesis:')) return 'kinesis'
  throw unknownEvent('it is of another service')
}

function sourceOf(wire: unknown): string | undefined {
  return textOf(memberOf(wire, 'eventSourceARN'))
}

/** `shardId-000000000006:4954…` */
function shardOf(wire: unknown): string | undefined {
  return textOf(memberOf(wire, 'eventID'))?.split(':')[0]
}

/** What all records say, and the batch as a whole, if it says anything. */
function commonOf(
  wires: readonly unknown[],
  valueOf: (wire: unknown) => string | undefined,
  { what, named }: { readonly what: string; readonly named: string | undefined },
): string | undefined {
  let common = named
  for (const wire of wires) {
    const value = valueOf(wire)
    if (value === undefined) throw unknownEvent('a record does not say where it comes from')
    common ??= value
    if (value !== common)
      throw new TailraceError('LAMBDA_EVENT_MIXED', `the batch holds records of different ${what}: ${common}, ${value}`)
  }
  return common
}

function numberOf(value: unknown, at: number): string {
  if (typeof value === 'string' && isSequenceNumber(value)) return value
  throw unknownEvent(`record ${at} has no sequence number`)
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function memberOf(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function unknownEvent(why: string): TailraceError {
  return new TailraceError('LAMBDA_EVENT_UNKNOWN', `the event is no batch of a DynamoDB or Kinesis stream: ${why}`)
}
