import type { Fault } from '../stream-simulator/fault-plan.ts'
import { numberMember, ServiceError, textMember } from '../stream-simulator/service-error.ts'
import { decodeIterator, encodeIterator } from './kinesis-iterator.ts'
import type { KinesisIterator } from './kinesis-iterator.ts'
import { originOf } from './kinesis-numbers.ts'
import { indexOfNumber, indexOfTime } from './kinesis-shard.ts'
import type { SimulatedKinesisShard } from './kinesis-shard.ts'
import { requestedStream, shardOf, streamNamed } from './kinesis-state.ts'
import type { Body, KinesisState } from './kinesis-state.ts'
import type { SimulatedKinesisStream } from './kinesis-stream.ts'
import { rateExceeded } from './request-rates.ts'

/** GetShardIterator. */
export function getShardIterator(state: KinesisState, body: Body): unknown {
  const stream = requestedStream(state, body)
  const shard = shardOf(stream, textMember(body, 'ShardId'))
  const index = startIndex(state, shard, body)
  const subject = `shard ${shard.shardId} in stream ${stream.name}`
  state.rates.take(`iterators of ${subject}`, state.settings.iteratorsPerSecond, () => rateExceeded(subject))
  return {
    ShardIterator: encodeIterator({
      stream: stream.name,
      streamCreatedAtMs: stream.createdAtMs,
      shardId: shard.shardId,
      index,
      previousIndex: index,
      emptyPages: shard.emptyPages,
      issuedAtMs: state.now(),
      generation: state.iteratorGeneration,
    }),
  }
}

/**
 * GetRecords, as JSON text: pages are joined from records that were made when they were written. Records that were trimmed
 * are passed over without a word.
 */
export function getRecords(state: KinesisState, body: Body, fault: Fault | undefined): string {
  const limit = numberMember(body, 'Limit') ?? 10_000
  if (limit < 1 || limit > 10_000)
    throw new ServiceError('InvalidArgumentException', 'Limit must be between 1 and 10000')
  const iterator = decodeIterator(state, textMember(body, 'ShardIterator'))
  const stream = streamNamed(state, iterator.stream)
  if (stream.createdAtMs !== iterator.streamCreatedAtMs)
    throw new ServiceError('ResourceNotFoundException', `Stream ${stream.name} is not the one of the iterator`)
  const shard = shardOf(stream, iterator.shardId)
  const { settings, rates } = state
  const subject = `shard ${shard.shardId} in stream ${stream.name}`
  rates.take(`reads of ${subject}`, settings.readsPerSecond, () => rateExceeded(subject))
  rates.requireBytes(subject, settings.readBytesPerSecond)
  if (iterator.emptyPages > 0) {
    const next = { ...iterator, emptyPages: iterator.emptyPages - 1 }
    return page(state, { records: [], behindMs: behindMs(state, shard, iterator.index), next, children: undefined })
  }
  const first = fault?.kind === 'repeated-records' ? iterator.previousIndex : iterator.index
  const from = Math.max(first, shard.trimmed)
  const { records, bytes } = recordsFrom(state, shard, from, Math.min(limit, settings.pageRecords))
  rates.addBytes(subject, bytes, settings.readBytesPerSecond)
  if (fault?.kind === 'swapped-records' && records.length > 1) records.splice(0, 2, records[1] ?? '', records[0] ?? '')
  const index = Math.max(from + records.length, iterator.index)
  const isDrained = shard.closedAtMs !== undefined && index >= shard.records.length
  const isEnd = isDrained && (records.length === 0 || settings.nullIterator === 'with-last-records')
  const emptyPages = isDrained ? 0 : shard.emptyPages
  return page(state, {
    records,
    behindMs: behindMs(state, shard, index),
    next: isEnd ? undefined : { ...iterator, index, previousIndex: iterator.index, emptyPages },
    children: isEnd && settings.namesChildren ? childrenOf(stream, shard) : undefined,
  })
}

function startIndex(state: KinesisState, shard: SimulatedKinesisShard, body: Body): number {
  const type = textMember(body, 'ShardIteratorType')
  switch (type) {
    case 'TRIM_HORIZON':
      return shard.trimmed
    case 'LATEST':
      return shard.records.length
    case 'AT_TIMESTAMP':
      return Math.max(shard.trimmed, indexOfTime(shard, timestamp(state, body)))
    case 'AT_SEQUENCE_NUMBER':
    case 'AFTER_SEQUENCE_NUMBER': {
      const number = body['StartingSequenceNumber']
      if (typeof number !== 'string')
        throw new ServiceError('InvalidArgumentException', `StartingSequenceNumber must be given for ${type}`)
      requireOwnNumber(state, shard, number)
      return Math.max(shard.trimmed, indexOfNumber(shard, number, type === 'AT_SEQUENCE_NUMBER'))
    }
    default:
      throw new ServiceError('ValidationException', `Unknown ShardIteratorType ${type}`)
  }
}

function timestamp(state: KinesisState, body: Body): number {
  const seconds = body['Timestamp']
  if (typeof seconds !== 'number')
    throw new ServiceError('InvalidArgumentException', 'Timestamp must be given for AT_TIMESTAMP')
  if (seconds * 1000 > state.now())
    throw new ServiceError('InvalidArgumentException', 'The timestamp must not be in the future')
  return seconds * 1000
}

function requireOwnNumber(state: KinesisState, shard: SimulatedKinesisShard, number: string): void {
  if (state.settings.foreignNumber === 'accepted' && /^\d{1,128}$/.test(number)) return
  const origin = originOf(number)
  if (origin?.index === shard.index && origin.createdAtSeconds === shard.createdAtSeconds) return
  throw new ServiceError(
    'InvalidArgumentException',
    `StartingSequenceNumber ${number} is invalid because it did not come from shard ${shard.shardId}.`,
  )
}

/** Records from an index on, as JSON, and the bytes of their data. */
function recordsFrom(
  state: KinesisState,
  shard: SimulatedKinesisShard,
  from: number,
  limit: number,
): { readonly records: string[]; readonly bytes: number } {
  const records: string[] = []
  let bytes = 0
  for (let i = from; i < shard.records.length && records.length < limit; i++) {
    const record = shard.records[i]
    if (record === undefined || (records.length > 0 && bytes + record.data.length > state.settings.pageBytes)) break
    bytes += record.data.length
    records.push(record.json)
  }
  return { records, bytes }
}

/** How old the oldest record is that an iterator has still before it; 0 if there is none. */
function behindMs(state: KinesisState, shard: SimulatedKinesisShard, index: number): number {
  const next = shard.records[Math.max(index, shard.trimmed)]
  return next === undefined ? 0 : Math.max(1, Math.round(state.now() - next.arrivedAtMs))
}

function childrenOf(stream: SimulatedKinesisStream, parent: SimulatedKinesisShard): unknown {
  return stream.shards
    .filter(({ parents }) => parents.includes(parent.shardId))
    .map(({ shardId, parents, from, to }) => ({
      ShardId: shardId,
      ParentShards: parents,
      HashKeyRange: { StartingHashKey: from.toString(), EndingHashKey: to.toString() },
    }))
}

interface Page {
  readonly records: readonly string[]
  readonly behindMs: number
  /** Undefined at the end. */
  readonly next: KinesisIterator | undefined
  readonly children: unknown
}

function page(state: KinesisState, { records, behindMs: behind, next, children }: Page): string {
  const iterator =
    next === undefined
      ? ''
      : `,"NextShardIterator":${JSON.stringify(
          encodeIterator({ ...next, issuedAtMs: state.now(), generation: state.iteratorGeneration }),
        )}`
  const ends = children === undefined ? '' : `,"ChildShards":${JSON.stringify(children)}`
  return `{"Records":[${records.join(',')}],"MillisBehindLatest":${behind}${iterator}${ends}}`
}
