import { AwsServiceError } from '../../aws/aws.ts'
import { isJsonObject } from '../../aws/json-object.ts'
import { retryForever } from '../../aws/retry-forever.ts'
import { TailraceError } from '../../errors.ts'
import { retryEvent } from '../source-event.ts'
import type { KinesisContext } from './kinesis-context.ts'
import { readRecordsAnswer } from './records-answer.ts'
import { parseStreamLabel } from './stream-label.ts'

/** The oldest record of a shard that can still be read. */
export interface OldestRecord {
  readonly sequenceNumber: string
  readonly arrivedAtMs: number
}

/** Stretches without records take many pages to be crossed. */
const maxPages = 200

/** Between two requests: the shard's own reader wants a part of its five a second. */
const intervalMs = 300

/**
 * Looks at the trim horizon of a shard; throttles and the like are waited out. Undefined if there is no record left, or
 * none within many pages, or if the service refuses the look.
 */
export async function findOldestRecord(
  context: KinesisContext,
  shard: { readonly streamArn: string; readonly shardId: string },
  signal: AbortSignal,
): Promise<OldestRecord | undefined> {
  const { clock, rng, retry, giveUpOn } = context
  const onRetry: Parameters<typeof retryForever>[0]['onRetry'] = (retried) =>
    context.emit(retryEvent('GetRecords', shard, retried))
  try {
    // Begun anew as a whole: an iterator that has expired is of no use any more.
    const options = { clock, rng, policy: retry, giveUpOn, onRetry }
    return await retryForever(options, () => lookAtHorizon(context, shard, signal), signal)
  } catch (error) {
    if (error instanceof AwsServiceError) return undefined
    throw error
  }
}

async function lookAtHorizon(
  { api, clock }: KinesisContext,
  { streamArn, shardId }: { readonly streamArn: string; readonly shardId: string },
  signal: AbortSignal,
): Promise<OldestRecord | undefined> {
  const { arn } = parseStreamLabel(streamArn)
  const start = { StreamARN: arn, ShardId: shardId, ShardIteratorType: 'TRIM_HORIZON' }
  const answer = await api.call({ service: 'kinesis', action: 'GetShardIterator', body: start }, signal)
  let iterator: unknown = isJsonObject(answer) ? answer['ShardIterator'] : undefined
  if (typeof iterator !== 'string')
    throw new TailraceError('AWS_RESPONSE', 'GetShardIterator answered without an iterator')
  for (let page = 0; page < maxPages && iterator !== undefined; page++) {
    if (page > 0) await clock.sleep(intervalMs, signal)
    const body = { ShardIterator: iterator, Limit: 1, StreamARN: arn }
    const records = await api.call({ service: 'kinesis', action: 'GetRecords', body }, signal)
    const read = readRecordsAnswer(records)
    const [first] = read.records
    if (first !== undefined) return { sequenceNumber: first.sequenceNumber, arrivedAtMs: first.arrivedAtMs }
    if (read.millisBehindLatest === 0) return undefined
    iterator = read.nextIterator
  }
  return undefined
}
