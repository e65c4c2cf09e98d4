import type { Fault, SimulatedRequest } from './fault-plan.ts'
import { numberMember, ServiceError, textMember } from './service-error.ts'
import { decodeIterator, encodeIterator } from './shard-iterator.ts'
import type { ShardIteratorToken } from './shard-iterator.ts'
import { indexOfRecord } from './simulated-stream.ts'
import type { SimulatedShard } from './simulated-stream.ts'
import { streamOf } from './simulator-state.ts'
import type { SimulatorState } from './simulator-state.ts'

type Body = SimulatedRequest['body']

/** GetShardIterator. */
export function getShardIterator(state: SimulatorState, body: Body): unknown {
  const streamArn = textMember(body, 'StreamArn')
  const shard = shardOf(state, streamArn, textMember(body, 'ShardId'))
  const index = startIndex(shard, textMember(body, 'ShardIteratorType'), body)
  const { clock, iteratorGeneration } = state
  return {
    ShardIterator: encodeIterator({
      streamArn,
      shardId: shard.shardId,
      index,
      previousIndex: index,
      emptyPages: shard.emptyPages,
      issuedAtMs: clock.now(),
      generation: iteratorGeneration,
    }),
  }
}

/** GetRecords, as JSON text: pages are joined from records that were made when they were written. */
export function getRecords(state: SimulatorState, body: Body, fault: Fault | undefined): string {
  const limit = numberMember(body, 'Limit') ?? 1_000
  if (limit < 1 || limit > 1_000) throw new ServiceError('ValidationException', 'Limit must be between 1 and 1000')
  const token = decodeIterator(state, textMember(body, 'ShardIterator'))
  const shard = shardOf(state, token.streamArn, token.shardId)
  if (token.index < shard.trimmed) throw trimmed()
  if (token.emptyPages > 0) return emptyPage(state, token)

  const from = fault?.kind === 'repeated-records' ? Math.max(token.previousIndex, shard.trimmed) : token.index
  const page = pageFrom(state, shard, from, Math.min(limit, state.settings.pageRecords))
  if (fault?.kind === 'swapped-records' && page.length > 1) page.splice(0, 2, page[1] ?? '', page[0] ?? '')
  const index = Math.max(from + page.length, token.index)
  const isDrained = shard.endingSequenceNumber !== undefined && index >= shard.records.length
  const isEnd = isDrained && (page.length === 0 || state.settings.nullIterator === 'with-last-records')
  const next = {
    ...token,
    index,
    previousIndex: token.index,
    emptyPages: isDrained ? 0 : shard.emptyPages,
    issuedAtMs: state.clock.now(),
  }
  return `{"Records":[${page.join(',')}]${isEnd ? '' : `,"NextShardIterator":${iteratorJson(state, next)}`}}`
}

function startIndex(shard: SimulatedShard, type: string, body: Body): number {
  switch (type) {
    case 'TRIM_HORIZON':
      return shard.trimmed
    case 'LATEST':
      return shard.records.length
    case 'AT_SEQUENCE_NUMBER':
    case 'AFTER_SEQUENCE_NUMBER': {
      const sequenceNumber = textMember(body, 'SequenceNumber')
      const isInclusive = type === 'AT_SEQUENCE_NUMBER'
      // A number that has been trimmed itself is refused, even if nothing behind it is lost.
      if (indexOfRecord(shard, sequenceNumber, true) < shard.trimmed) throw trimmed()
      return indexOfRecord(shard, sequenceNumber, isInclusive)
    }
    default:
      throw new ServiceError('ValidationException', `Unknown ShardIteratorType ${type}`)
  }
}

function pageFrom(state: SimulatorState, shard: SimulatedShard, from: number, limit: number): string[] {
  const page: string[] = []
  let bytes = 0
  for (let i = from; i < shard.records.length && page.length < limit; i++) {
    const json = shard.records[i]?.json ?? ''
    bytes += json.length
    if (page.length > 0 && bytes > state.settings.pageBytes) break
    page.push(json)
  }
  return page
}

function emptyPage(state: SimulatorState, token: ShardIteratorToken): string {
  const next = { ...token, emptyPages: token.emptyPages - 1, issuedAtMs: state.clock.now() }
  return `{"Records":[],"NextShardIterator":${iteratorJson(state, next)}}`
}

function iteratorJson(state: SimulatorState, token: ShardIteratorToken): string {
  return JSON.stringify(encodeIterator({ ...token, generation: state.iteratorGeneration }))
}

function shardOf(state: SimulatorState, streamArn: string, shardId: string): SimulatedShard {
  const { stream } = streamOf(state, streamArn)
  if (!stream.has(shardId))
    throw new ServiceError('ResourceNotFoundException', 'Requested resource not found: Shard does not exist')
  return stream.shard(shardId)
}

function trimmed(): ServiceError {
  return new ServiceError('TrimmedDataAccessException', 'The data you are trying to access has been trimmed.')
}
