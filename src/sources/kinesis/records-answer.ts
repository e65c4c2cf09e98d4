import { isJsonObject } from '../../aws/json-object.ts'
import { isSequenceNumber } from '../../change/sequence-number.ts'
import { TailraceError } from '../../errors.ts'
import { readChildShards } from './listed-shard.ts'
import type { ListedShard } from './listed-shard.ts'
import type { PlainRecord } from './record-pages.ts'

/** What GetRecords answered. */
export interface RecordsAnswer {
  readonly records: readonly PlainRecord[]
  /** Undefined behind the last record of a closed shard. */
  readonly nextIterator: string | undefined
  readonly millisBehindLatest: number
  /** Only at the end of a shard, and not always there. */
  readonly children: readonly ListedShard[] | undefined
}

/** Reads an answer. Throws AWS_RESPONSE if it is not one, RECORD_UNREADABLE if one of its records is not. */
export function readRecordsAnswer(body: unknown): RecordsAnswer {
  if (!isJsonObject(body) || !Array.isArray(body['Records'])) throw misshapen('records')
  const next = body['NextShardIterator'] ?? undefined
  if (next !== undefined && (typeof next !== 'string' || next === '')) throw misshapen('a readable iterator')
  const { MillisBehindLatest: behind, ChildShards: children } = body
  return {
    records: body['Records'].map((record) => readPlainRecord(record)),
    nextIterator: next,
    millisBehindLatest: typeof behind === 'number' && behind >= 0 ? behind : Number.POSITIVE_INFINITY,
    children: next === undefined ? readChildShards(children, 'GetRecords') : undefined,
  }
}

/** Reads one record of an answer or of an event. Throws RECORD_UNREADABLE; the message says nothing of its contents. */
export function readPlainRecord(record: unknown): PlainRecord {
  const {
    SequenceNumber: sequenceNumber,
    PartitionKey: partitionKey,
    ApproximateArrivalTimestamp: arrived,
    Data: data,
  } = isJsonObject(record) ? record : {}
  if (typeof sequenceNumber !== 'string' || !isSequenceNumber(sequenceNumber)) {
    throw new TailraceError('RECORD_UNREADABLE', 'A record of the stream has no sequence number')
  }
  const unreadable = (member: string): TailraceError =>
    new TailraceError('RECORD_UNREADABLE', `Record ${sequenceNumber} of the stream has no readable ${member}`)
  if (typeof partitionKey !== 'string') throw unreadable('PartitionKey')
  if (typeof arrived !== 'number' || !Number.isFinite(arrived)) throw unreadable('ApproximateArrivalTimestamp')
  if (typeof data !== 'string') throw unreadable('Data')
  // The service tells seconds, with milliseconds behind the point.
  const arrivedAtMs = Math.round(arrived * 1000)
  return { sequenceNumber, partitionKey, arrivedAtMs, data: Buffer.from(data, 'base64') }
}

function misshapen(what: string): TailraceError {
  return new TailraceError('AWS_RESPONSE', `GetRecords answered without ${what}`)
}
