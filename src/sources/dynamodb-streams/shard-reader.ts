import { AwsServiceError } from '../../aws/aws.ts'
import type { AwsAnswer, AwsRequest } from '../../aws/aws.ts'
import { isJsonObject } from '../../aws/json-object.ts'
import { retryForever } from '../../aws/retry-forever.ts'
import type { Retry } from '../../aws/retry-forever.ts'
import { surelyKeptMs } from '../../change/retention.ts'
import { compareSequenceNumbers, isSequenceNumber } from '../../change/sequence-number.ts'
import type { Shard, ShardPosition } from '../../change/shard.ts'
import { TailraceError } from '../../errors.ts'
import type { ErrorDetails } from '../../errors.ts'
import type { ShardPage, ShardReader } from '../source.ts'
import { findOldestRecord } from './oldest-record.ts'
import type { OldestRecord } from './oldest-record.ts'
import { maxPageRecords, pollInterval } from './polling.ts'
import type { PollingPolicy } from './polling.ts'
import { createQuietReading } from './quiet-reading.ts'
import { findShard } from './shard-lister.ts'
import type { SourceContext } from '../source-context.ts'
import { retryEvent } from '../source-event.ts'
import { findUnreadGap } from './unread-gap.ts'

/** Iterators live for 15 minutes; one that is older than this is not tried any more. */
const maxIteratorAgeMs = 14 * 60_000

/** A listed shard that cannot be read yet (reads are eventually consistent) is asked for this often. */
const maxMissingLooks = 8

/** A reader of one shard from `position` on. Makes no request before the first `read`. */
export function createShardReader(
  context: SourceContext,
  polling: PollingPolicy,
  position: ShardPosition,
): ShardReader {
  return new StreamShardReader(context, polling, position)
}

interface Iterator {
  readonly token: string
  readonly issuedAtMs: number
}

class StreamShardReader implements ShardReader {
  readonly #context: SourceContext
  readonly #polling: PollingPolicy
  readonly #streamArn: string
  readonly #shardId: string
  /** Moves only when a page is handed out, so that an aborted or repeated request loses nothing. */
  #after: string | undefined
  /** Counts while nothing was handed out; moves on with what is seen to be empty. */
  #unreadSinceMs: number | undefined
  readonly #quiet = createQuietReading()
  #iterator: Iterator | undefined
  #isEnded = false
  #emptyPages = 0
  #missingLooks = 0
  /** Earliest begin of the next request (clock.monotonic). */
  #nextRequestAtMs = Number.NEGATIVE_INFINITY

  constructor(context: SourceContext, polling: PollingPolicy, position: ShardPosition) {
    this.#context = context
    this.#polling = polling
    this.#streamArn = position.streamArn
    this.#shardId = position.shardId
    this.#after = position.after
    this.#unreadSinceMs = position.unreadSinceMs
  }

  async read(signal: AbortSignal): Promise<ShardPage> {
    signal.throwIfAborted()
    if (this.#isEnded) return this.#endPage()
    const { clock, rng, retry, giveUpOn } = this.#context
    const waitMs = this.#nextRequestAtMs - clock.monotonic()
    if (waitMs > 0) await clock.sleep(waitMs, signal)
    const options = { clock, rng, policy: retry, giveUpOn, onRetry: (retry: Retry) => this.#onRetry(retry) }
    return retryForever(options, () => this.#readOnce(signal), signal)
  }

  async #readOnce(signal: AbortSignal): Promise<ShardPage> {
    try {
      const iterator = await this.#currentIterator(signal)
      const requestedAtMs = this.#context.clock.now()
      const startedAtMs = this.#context.clock.monotonic()
      const answer = await this.#context.api.exchange(recordsRequest(iterator), signal)
      return this.#accept(answer, requestedAtMs, startedAtMs)
    } catch (error) {
      if (error instanceof AwsServiceError) return this.#judgeLoss(error, signal)
      // Never the same iterator twice: a reader that does so never gets on.
      if (error instanceof TailraceError && error.code === 'ITERATOR_EXPIRED') this.#iterator = undefined
      throw error
    }
  }

  async #currentIterator(signal: AbortSignal): Promise<string> {
    const { api, clock } = this.#context
    if (this.#iterator !== undefined && clock.monotonic() - this.#iterator.issuedAtMs < maxIteratorAgeMs)
      return this.#iterator.token
    // Each time, and not only at first: a reader may have been kept waiting for a day.
    if (this.#after === undefined) await this.#refuseUnreadGap(signal)
    this.#quiet.restart()
    const issuedAtMs = clock.monotonic()
    const answer = await api.exchange(this.#iteratorRequest(), signal)
    const token = isJsonObject(answer.body) ? answer.body['ShardIterator'] : undefined
    if (typeof token !== 'string' || token === '')
      throw this.#misshapen('GetShardIterator answered without an iterator')
    this.#iterator = { token, issuedAtMs }
    return token
  }

  #iteratorRequest(): AwsRequest {
    const start =
      this.#after === undefined
        ? { ShardIteratorType: 'TRIM_HORIZON' }
        : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: this.#after }
    return {
      service: 'streams',
      action: 'GetShardIterator',
      body: { StreamArn: this.#streamArn, ShardId: this.#shardId, ...start },
    }
  }

  /** Checks the whole page, then moves: nothing in between may wait or fail. */
  #accept(answer: AwsAnswer, requestedAtMs: number, startedAtMs: number): ShardPage {
    const { clock, rng } = this.#context
    const body = isJsonObject(answer.body) ? answer.body : {}
    const records: unknown = body['Records']
    const next = body['NextShardIterator'] ?? undefined
    if (!Array.isArray(records)) throw this.#misshapen('GetRecords answered without records')
    if (next !== undefined && (typeof next !== 'string' || next === ''))
      throw this.#misshapen('GetRecords answered with an unreadable iterator')

    this.#after = this.#lastSequenceNumber(records)
    this.#iterator = next === undefined ? undefined : { token: next, issuedAtMs: startedAtMs }
    this.#isEnded = next === undefined
    this.#emptyPages = records.length === 0 ? this.#emptyPages + 1 : 0
    this.#missingLooks = 0
    const outcome = { records: records.length, bytes: answer.bytes, emptyPages: this.#emptyPages }
    this.#nextRequestAtMs = startedAtMs + pollInterval(this.#polling, outcome, rng)
    const readUpToMs = this.#quiet.note({ records: records.length, requestedAtMs, startedAtMs })
    this.#unreadSinceMs = readUpToMs ?? this.#unreadSinceMs
    const page = { records, bytes: answer.bytes, isEnd: this.#isEnded, readUpToMs }
    return { ...page, requestedAtMs, receivedAtMs: clock.now() }
  }

  async #refuseUnreadGap(signal: AbortSignal): Promise<void> {
    const { api, clock } = this.#context
    const subject = { ...this.#subject, unreadSinceMs: this.#unreadSinceMs }
    const gap = await findUnreadGap(api, subject, { nowMs: clock.now(), signal })
    if (gap === undefined) return
    const what = `Changes of the shard may have been trimmed: nothing of it was read for ${gap.hours} hours`
    throw this.#gapError(what, gap.oldestLeft)
  }

  #gapError(what: string, oldest: OldestRecord | undefined, cause?: unknown): TailraceError {
    const left = { oldestLeft: oldest?.sequenceNumber, oldestLeftAtMs: oldest?.createdAtMs }
    return this.#error('STREAM_GAP', what, cause, left)
  }

  #lastSequenceNumber(records: readonly unknown[]): string | undefined {
    let last = this.#after
    for (const record of records) {
      const change = isJsonObject(record) ? record['dynamodb'] : undefined
      const sequenceNumber = isJsonObject(change) ? change['SequenceNumber'] : undefined
      if (typeof sequenceNumber !== 'string' || !isSequenceNumber(sequenceNumber)) {
        throw this.#error('RECORD_UNREADABLE', `A record behind ${last ?? 'the trim horizon'} has no sequence number`)
      }
      if (last !== undefined && compareSequenceNumbers(sequenceNumber, last) <= 0) {
        throw this.#error('SEQUENCE_ORDER', `Sequence number ${sequenceNumber} came after ${last}`)
      }
      last = sequenceNumber
    }
    return last
  }

  /** A position that the service refuses is a loss, unless the listing proves that the shard was read to its end. */
  async #judgeLoss(error: AwsServiceError, signal: AbortSignal): Promise<ShardPage> {
    const isTrimmed = error.type === 'TrimmedDataAccessException'
    if (!isTrimmed && error.type !== 'ResourceNotFoundException') throw error
    const shard = await this.#findShard(signal)
    if (shard !== undefined && isReadToEnd(shard, this.#after)) {
      this.#context.emit({ kind: 'drained-shard-trimmed', ...this.#subject })
      this.#isEnded = true
      return this.#endPage()
    }
    const behind = this.#after === undefined ? 'of' : `behind ${this.#after} of`
    if (isTrimmed && this.#isAllKept()) {
      this.#iterator = undefined
      throw this.#misshapen('the oldest change has moved on; asking for it again', error)
    }
    if (isTrimmed) {
      const oldest = await findOldestRecord(this.#context.api, this.#subject, signal)
      const what = `Changes ${behind} the shard were trimmed before they were read`
      throw this.#gapError(what, oldest, error)
    }
    if (++this.#missingLooks < maxMissingLooks) throw this.#misshapen('the shard is not found; looking again', error)
    this.#missingLooks = 0
    throw this.#error('SHARD_NOT_FOUND', `Changes ${behind} the shard cannot be read: it no longer exists`, error)
  }

  /**
   * True while everything that is awaited of an unread shard is surely kept. An iterator of its oldest change may be refused all the same: that
   * change may be trimmed between two requests, which is nobody's loss, and DynamoDB Local refuses one that it gave out while the shard was empty.
   */
  #isAllKept(): boolean {
    const sinceMs = this.#unreadSinceMs
    return this.#after === undefined && sinceMs !== undefined && this.#context.clock.now() - sinceMs < surelyKeptMs
  }

  async #findShard(signal: AbortSignal): Promise<Shard | undefined> {
    try {
      return await findShard(this.#context, this.#streamArn, this.#shardId, signal)
    } catch (error) {
      if (error instanceof TailraceError && error.code === 'STREAM_NOT_FOUND') return undefined
      throw error
    }
  }

  get #subject(): { readonly streamArn: string; readonly shardId: string } {
    return { streamArn: this.#streamArn, shardId: this.#shardId }
  }

  #endPage(): ShardPage {
    const now = this.#context.clock.now()
    return { records: [], bytes: 0, isEnd: true, requestedAtMs: now, receivedAtMs: now }
  }

  #onRetry(retry: Retry): void {
    const action = this.#iterator === undefined ? 'GetShardIterator' : 'GetRecords'
    if (retry.error.code === 'ITERATOR_EXPIRED') this.#context.emit({ kind: 'iterator-expired', ...this.#subject })
    else this.#context.emit(retryEvent(action, this.#subject, retry))
  }

  #misshapen(what: string, cause?: unknown): TailraceError {
    return this.#error('AWS_RESPONSE', what, cause)
  }

  #error(
    code: 'AWS_RESPONSE' | 'RECORD_UNREADABLE' | 'SEQUENCE_ORDER' | 'STREAM_GAP' | 'SHARD_NOT_FOUND',
    what: string,
    cause?: unknown,
    details: ErrorDetails = {},
  ): TailraceError {
    return new TailraceError(code, `${what} (shard ${this.#shardId} of ${this.#streamArn})`, {
      cause,
      details: { ...this.#subject, after: this.#after, ...details },
    })
  }
}

function recordsRequest(iterator: string): AwsRequest {
  return { service: 'streams', action: 'GetRecords', body: { ShardIterator: iterator, Limit: maxPageRecords } }
}

function isReadToEnd(shard: Shard, after: string | undefined): boolean {
  return (
    after !== undefined &&
    shard.endingSequenceNumber !== undefined &&
    compareSequenceNumbers(after, shard.endingSequenceNumber) >= 0
  )
}
