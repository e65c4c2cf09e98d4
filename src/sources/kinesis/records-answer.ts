import { isJsonObject } from '../../aws/json-object.ts'
import { isSequenceNumber } from '../../change/sequence-number.ts'
import { TailraceError } from '../../errors.ts'
import { readChildShards } from './listed-shard.ts'
import type { ListedShard } from './listed-shard.ts'
import { decodeTogether } from './parse-together.ts'
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
    records: readPlainRecords(body['Records']),
    nextIterator: next,
    millisBehindLatest: typeof behind === 'number' && behind >= 0 ? behind : Number.POSITIVE_INFINITY,
    children: next === undefined ? readChildShards(children, 'GetRecords') : undefined,
  }
}

/** Reads the records of an answer or of an event. Throws RECORD_UNREADABLE; the message says nothing of their contents. */
export function readPlainRecords(records: readonly unknown[]): readonly PlainRecord[] {
  const read = records.map(readRecord)
  const data = decodeTogether(read.map(({ text }) => text))
  return read.map(({ sequenceNumber, partitionKey, arrivedAtMs }, at) => ({
    sequenceNumber,
    partitionKey,
    arrivedAtMs,
    data: data[at] ?? noData,
  }))
}

const noData = Buffer.alloc(0)

function readRecord(record: unknown): Omit<PlainRecord, 'data'> & { readonly text: string } {
  const {
    SequenceNumber: sequenceNumber,
    PartitionKey: partitionKey,
    ApproximateArrivalTimestamp: arrived,
    Data: text,
  } = isJsonObject(record) ? record : {}
  if (typeof sequenceNumber !== 'string' || !isSequenceNumber(sequenceNumber)) {
    throw new TailraceError('RECORD_UNREADABLE', 'A record of the stream has no sequence number')
  }
  const unreadable = (member: string): TailraceError =>
    new TailraceError('RECORD_UNREADABLE', `Record ${sequenceNumber} of the stream has no readable ${member}`)
  if (typeof partitionKey !== 'string') throw unreadable('PartitionKey')
  if (typeof arrived !== 'number' || !Number.isFinite(arrived)) throw unreadable('ApproximateArrivalTimestamp')
  if (typeof text !== 'string') throw unreadable('Data')
  // The service tells seconds, with milliseconds behind the point.
  return { sequenceNumber, partitionKey, arrivedAtMs: Math.round(arrived * 1000), text }
}

function misshapen(what: string): TailraceError {
  return new TailraceError('AWS_RESPONSE', `GetRecords answered without ${what}`)
}
