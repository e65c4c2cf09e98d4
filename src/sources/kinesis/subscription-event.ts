import type { StreamEvent } from '../../aws/aws-streams.ts'
import { parseJson } from '../../aws/exact-json.ts'
import { isJsonObject } from '../../aws/json-object.ts'
import { TailraceError } from '../../errors.ts'
import { readChildShards } from './listed-shard.ts'
import type { ListedShard } from './listed-shard.ts'
import type { PlainRecord } from './record-pages.ts'
import { readPlainRecords } from './records-answer.ts'

/** What a `SubscribeToShardEvent` says. */
export interface SubscriptionEvent {
  readonly records: readonly PlainRecord[]
  /**
   * Where the next subscription goes on: behind all records so far, and also moves without any. Undefined at the shard's end.
   */
  readonly continuation: string | undefined
  readonly millisBehindLatest: number
  /** At the shard's end, and only there: never empty. */
  readonly children: readonly ListedShard[] | undefined
}

/**
 * Reads an event. Throws AWS_RESPONSE if it is not one, RECORD_UNREADABLE if one of its records is not. An event is an end
 * only if it says so twice, by naming the children and no continuation: who believes an end leaves the shard for good.
 */
export function readSubscriptionEvent({ payload }: StreamEvent): SubscriptionEvent {
  const body = parsed(payload)
  if (!isJsonObject(body) || !Array.isArray(body['Records'])) throw misshapen('without records')
  const continuation = body['ContinuationSequenceNumber'] ?? undefined
  if (continuation !== undefined && (typeof continuation !== 'string' || continuation === ''))
    throw misshapen('with an unreadable ContinuationSequenceNumber')
  const children = continuation === undefined ? readChildShards(body['ChildShards'], 'SubscribeToShard') : undefined
  if (continuation === undefined && children === undefined) throw misshapen('with neither continuation nor children')
  const behind = body['MillisBehindLatest']
  return {
    records: readPlainRecords(body['Records']),
    continuation,
    millisBehindLatest: typeof behind === 'number' && behind >= 0 ? behind : Number.POSITIVE_INFINITY,
    children,
  }
}

function parsed(payload: Buffer): unknown {
  try {
    return parseJson(payload)
  } catch {
    // The parser's message quotes the text, which may be a record's.
    throw misshapen('that is not JSON')
  }
}

function misshapen(how: string): TailraceError {
  return new TailraceError('AWS_RESPONSE', `SubscribeToShard sent an event ${how}`)
}
