import { AwsServiceError } from '../../aws/aws.ts'
import type { AwsAnswer } from '../../aws/aws.ts'
import { isJsonObject } from '../../aws/json-object.ts'
import { retryForever } from '../../aws/retry-forever.ts'
import type { Retry } from '../../aws/retry-forever.ts'
import { TailraceError } from '../../errors.ts'
import { retryEvent } from '../source-event.ts'
import { checkOrder } from './page-order.ts'
import type { KinesisContext } from './kinesis-context.ts'
import { pollInterval } from './polling.ts'
import type { KinesisPolling } from './polling.ts'
import type { PageStart, PlainRecord, RecordPage, RecordPages } from './record-pages.ts'
import { readRecordsAnswer } from './records-answer.ts'
import { createRefusals } from './refusals.ts'
import type { Refusals } from './refusals.ts'
import { parseStreamLabel } from './stream-label.ts'

/** Which shard is read, from where, and how. */
export interface PolledShard {
  /** The stream's label. */
  readonly streamArn: string
  readonly shardId: string
  readonly start: PageStart
  readonly polling: KinesisPolling
  /** Records that an answer may hold at most, 1 to 10,000. */
  readonly recordLimit: number
}

/** Iterators live for five minutes; one that is older than this is not tried any more. */
const maxIteratorAgeMs = 4.5 * 60_000

/** Reads a shard with GetRecords. Holds nothing at the service. */
export function createPolledPages(context: KinesisContext, shard: PolledShard): RecordPages {
  return new PolledPages(context, shard)
}

interface Iterator {
  readonly token: string
  readonly issuedAtMs: number
}

class PolledPages implements RecordPages {
  readonly #context: KinesisContext
  readonly #shard: PolledShard
  /** The plain ARN, for requests. */
  readonly #arn: string
  readonly #refusals: Refusals
  /** Moves only when a page is handed out, so that an aborted or repeated request loses nothing. */
  #start: PageStart
  #iterator: Iterator | undefined
  #end: RecordPage | undefined
  #idlePages = 0
  #isFirstIterator = true
  /** Earliest begin of the next request of each kind (clock.monotonic). */
  #nextRequestAtMs = Number.NEGATIVE_INFINITY
  #nextIteratorAtMs = Number.NEGATIVE_INFINITY

  constructor(context: KinesisContext, shard: PolledShard) {
    this.#context = context
    this.#shard = shard
    this.#arn = parseStreamLabel(shard.streamArn).arn
    this.#start = shard.start
    this.#refusals = createRefusals(context, shard)
  }

  async next(signal: AbortSignal): Promise<RecordPage> {
    signal.throwIfAborted()
    if (this.#end !== undefined) return this.#end
    const { clock, rng, retry, giveUpOn } = this.#context
    const options = { clock, rng, policy: retry, giveUpOn, onRetry: (retried: Retry) => this.#onRetry(retried) }
    return await retryForever(options, () => this.#readOnce(signal), signal)
  }

  async close(): Promise<void> {
    this.#iterator = undefined
  }

  async #readOnce(signal: AbortSignal): Promise<RecordPage> {
    const { api, clock } = this.#context
    try {
      await this.#until(this.#nextRequestAtMs, signal)
      const iterator = await this.#currentIterator(signal)
      const requestedAtMs = clock.now()
      const startedAtMs = clock.monotonic()
      this.#nextRequestAtMs = startedAtMs + this.#shard.polling.minIntervalMs
      const body = { ShardIterator: iterator, Limit: this.#shard.recordLimit, StreamARN: this.#arn }
      const answer = await api.exchange({ service: 'kinesis', action: 'GetRecords', body }, signal)
      return this.#accept(answer, requestedAtMs, startedAtMs)
    } catch (error) {
      // Never the same iterator twice: a reader that does so never gets on.
      const isExpired = error instanceof TailraceError && error.code === 'ITERATOR_EXPIRED'
      if (isExpired || error instanceof AwsServiceError) this.#iterator = undefined
      throw error instanceof AwsServiceError ? await this.#refusals.judge(error, this.#start, signal) : error
    }
  }

  async #currentIterator(signal: AbortSignal): Promise<string> {
    const { api, clock } = this.#context
    if (this.#iterator !== undefined && clock.monotonic() - this.#iterator.issuedAtMs < maxIteratorAgeMs)
      return this.#iterator.token
    await this.#until(this.#nextIteratorAtMs, signal)
    const issuedAtMs = clock.monotonic()
    this.#nextIteratorAtMs = issuedAtMs + this.#shard.polling.minIntervalMs
    const body = { StreamARN: this.#arn, ShardId: this.#shard.shardId, ...iteratorStart(this.#start, clock.now()) }
    const answer = await api.call({ service: 'kinesis', action: 'GetShardIterator', body }, signal)
    const token = isJsonObject(answer) ? answer['ShardIterator'] : undefined
    if (typeof token !== 'string' || token === '')
      throw new TailraceError('AWS_RESPONSE', 'GetShardIterator answered without an iterator')
    // Of the first one, whoever guards the pages makes sure.
    if (!this.#isFirstIterator) await this.#refusals.requireSameStream(signal)
    this.#isFirstIterator = false
    this.#iterator = { token, issuedAtMs }
    return token
  }

  /** Checks the whole page, then moves: nothing in between may wait or fail. */
  #accept(answer: AwsAnswer, requestedAtMs: number, startedAtMs: number): RecordPage {
    const { clock, rng } = this.#context
    const { records, nextIterator, millisBehindLatest, children } = readRecordsAnswer(answer.body)
    const last = checkOrder(records, this.#start, this.#shard)

    if (last !== undefined) this.#start = { kind: 'after', sequenceNumber: last }
    this.#iterator = nextIterator === undefined ? undefined : { token: nextIterator, issuedAtMs: startedAtMs }
    this.#refusals.forget()
    this.#idlePages = records.length === 0 && millisBehindLatest === 0 ? this.#idlePages + 1 : 0
    const outcome = {
      records: records.length,
      dataBytes: sizeOf(records),
      millisBehindLatest,
      idlePages: this.#idlePages,
    }
    this.#nextRequestAtMs = startedAtMs + pollInterval(this.#shard.polling, outcome, rng)
    const isEnd = nextIterator === undefined
    const receivedAtMs = clock.now()
    const page = { bytes: answer.bytes, isEnd, children, requestedAtMs, receivedAtMs, millisBehindLatest }
    if (isEnd) this.#end = { ...page, records: [], bytes: 0 }
    return { ...page, records }
  }

  async #until(dueAtMs: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#context
    const waitMs = dueAtMs - clock.monotonic()
    if (waitMs > 0) await clock.sleep(waitMs, signal)
  }

  #onRetry(retry: Retry): void {
    const { streamArn, shardId } = this.#shard
    const action = this.#iterator === undefined ? 'GetShardIterator' : 'GetRecords'
    if (retry.error.code === 'ITERATOR_EXPIRED') this.#context.emit({ kind: 'iterator-expired', streamArn, shardId })
    else this.#context.emit(retryEvent(action, { streamArn, shardId }, retry))
  }
}

function iteratorStart(start: PageStart, nowMs: number): Readonly<Record<string, unknown>> {
  switch (start.kind) {
    case 'after':
      return { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: start.sequenceNumber }
    case 'at':
      return { ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber: start.sequenceNumber }
    case 'time':
      // The future is refused. Seconds, with milliseconds behind the point.
      return { ShardIteratorType: 'AT_TIMESTAMP', Timestamp: Math.min(start.atMs, nowMs) / 1000 }
    case 'oldest':
      return { ShardIteratorType: 'TRIM_HORIZON' }
  }
}

function sizeOf(records: readonly PlainRecord[]): number {
  let bytes = 0
  for (const { data, partitionKey } of records) bytes += data.length + partitionKey.length
  return bytes
}
