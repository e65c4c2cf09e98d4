import { AwsServiceError } from '../../aws/aws.ts'
import type { AwsRequest } from '../../aws/aws.ts'
import type { AwsStreams, EventStream, StreamEvent } from '../../aws/aws-streams.ts'
import { retryForever } from '../../aws/retry-forever.ts'
import { compareSequenceNumbers } from '../../change/sequence-number.ts'
import { TailraceError } from '../../errors.ts'
import { retryEvent } from '../source-event.ts'
import { createMakingTime } from './making-time.ts'
import type { KinesisContext } from './kinesis-context.ts'
import { checkOrder } from './page-order.ts'
import type { PageStart, PlainRecord, RecordPage, RecordPages } from './record-pages.ts'
import { createRefusals } from './refusals.ts'
import type { Refusals } from './refusals.ts'
import type { StreamConsumer } from './stream-consumer.ts'
import { readSubscriptionEvent } from './subscription-event.ts'

/** Which shard is read, from where, and as whom. */
export interface FanOutShard {
  /** The stream's label. */
  readonly streamArn: string
  readonly shardId: string
  readonly start: PageStart
  /** Shared by all shards of the stream. */
  readonly consumer: StreamConsumer
  readonly streams: AwsStreams
}

/** A second subscription is refused for so long behind the last one; after that it takes over. */
const betweenSubscriptionsMs = 5_000
/** Two that take the shard from each other should not do so in step. */
const jitterMs = 500

/**
 * Reads a shard with SubscribeToShard: the service sends its records over a connection that lives for five minutes at most,
 * and is made anew from where it came to. While nobody calls `next`, the service waits with all but half a megabyte. Must be
 * closed.
 */
export function createFanOutPages(context: KinesisContext, shard: FanOutShard): RecordPages {
  return new FanOutPages(context, shard)
}

class FanOutPages implements RecordPages {
  readonly #context: KinesisContext
  readonly #shard: FanOutShard
  readonly #refusals: Refusals
  readonly #making: ReturnType<typeof createMakingTime>
  /** Where the next subscription begins. This and the next one move only when a page is handed out. */
  #start: PageStart
  /** What the records that come next stand behind. */
  #handedOut: PageStart
  #stream: EventStream | undefined
  #consumerArn = ''
  /** What the current subscription may bring again, because it began in front of it. */
  #repeatedUpTo: string | undefined
  /** Earliest begin of the next subscription (clock.monotonic). */
  #subscribeAtMs = Number.NEGATIVE_INFINITY
  #end: RecordPage | undefined

  constructor(context: KinesisContext, shard: FanOutShard) {
    this.#context = context
    this.#shard = shard
    this.#refusals = createRefusals(context, shard)
    this.#making = createMakingTime(context.clock)
    this.#start = shard.start
    this.#handedOut = shard.start
  }

  async next(signal: AbortSignal): Promise<RecordPage> {
    signal.throwIfAborted()
    if (this.#end !== undefined) return this.#end
    const { clock, rng, retry, giveUpOn } = this.#context
    const { streamArn, shardId } = this.#shard
    const options = {
      clock,
      rng,
      policy: retry,
      giveUpOn,
      onRetry: (retried: Parameters<typeof retryEvent>[2]) =>
        this.#context.emit(retryEvent('SubscribeToShard', { streamArn, shardId }, retried)),
    }
    return await retryForever(options, () => this.#readOnce(signal), signal)
  }

  async close(): Promise<void> {
    const stream = this.#stream
    this.#stream = undefined
    await stream?.[Symbol.asyncDispose]()
  }

  async #readOnce(signal: AbortSignal): Promise<RecordPage> {
    try {
      const page = this.#accept(await this.#nextEvent(signal))
      if (page.isEnd) await this.close()
      return page
    } catch (error) {
      await this.close()
      throw error
    }
  }

  async #nextEvent(signal: AbortSignal): Promise<StreamEvent> {
    for (;;) {
      this.#stream ??= await this.#subscribe(signal)
      this.#making.beginWait()
      const event = await this.#eventOf(this.#stream, signal)
      if (event?.type === 'SubscribeToShardEvent') return event
      // Its five minutes are over.
      if (event === undefined) await this.close()
    }
  }

  /** Undefined at the end of the subscription. Whatever ends it otherwise is no more than a reason to begin another. */
  async #eventOf(stream: EventStream, signal: AbortSignal): Promise<StreamEvent | undefined> {
    try {
      return await stream.next(signal)
    } catch (error) {
      const judged = await this.#judge(error, signal)
      if (!(judged instanceof AwsServiceError)) throw judged
      throw new TailraceError('AWS_UNREACHABLE', judged.message, { cause: judged })
    }
  }

  async #subscribe(signal: AbortSignal): Promise<EventStream> {
    const { clock, rng } = this.#context
    const waitMs = this.#subscribeAtMs - clock.monotonic()
    if (waitMs > 0) await clock.sleep(waitMs, signal)
    this.#consumerArn = await this.#consumer(signal)
    const requestedAtMs = clock.now()
    try {
      const stream = await this.#shard.streams.open(this.#request(), signal)
      this.#making.noteSubscription(requestedAtMs)
      this.#subscribeAtMs = clock.monotonic() + betweenSubscriptionsMs + jitterMs * rng.next()
      this.#repeatedUpTo = this.#handedOut.kind === 'after' ? this.#handedOut.sequenceNumber : undefined
      return stream
    } catch (error) {
      throw await this.#judge(error, signal)
    }
  }

  /** The same refusals come in the place of an answer and in that of an event. */
  async #judge(error: unknown, signal: AbortSignal): Promise<unknown> {
    if (!(error instanceof AwsServiceError)) return error
    if (error.type === 'ResourceInUseException') return this.#taken(error)
    // It may be the consumer that is not there any more.
    if (error.type === 'ResourceNotFoundException') this.#shard.consumer.forget(this.#consumerArn)
    return await this.#refusals.judge(error, this.#start, signal)
  }

  async #consumer(signal: AbortSignal): Promise<string> {
    const arn = await this.#shard.consumer.arn(signal)
    if (arn !== undefined) return arn
    await this.#refusals.requireSameStream(signal)
    throw new TailraceError('AWS_RESPONSE', `The stream ${this.#shard.streamArn} was not found, and is there`)
  }

  #request(): AwsRequest {
    const position = startingPosition(this.#start, this.#context.clock.now())
    const body = { ConsumerARN: this.#consumerArn, ShardId: this.#shard.shardId, StartingPosition: position }
    return { service: 'kinesis', action: 'SubscribeToShard', body }
  }

  /** Checks the whole event, then moves: nothing in between may wait or fail. */
  #accept(event: StreamEvent): RecordPage {
    const { records: sent, continuation, millisBehindLatest, children } = readSubscriptionEvent(event)
    const records = this.#withoutRepeated(sent)
    const last = checkOrder(records, this.#handedOut, this.#shard)

    this.#refusals.forget()
    if (last !== undefined) this.#handedOut = { kind: 'after', sequenceNumber: last }
    this.#start = laterOf(continuation, this.#handedOut)
    const isEnd = continuation === undefined
    const times = { requestedAtMs: this.#making.madeAfterMs(event.quietMs), receivedAtMs: this.#context.clock.now() }
    const page = { bytes: event.bytes, isEnd, children, millisBehindLatest, ...times }
    if (isEnd) this.#end = { ...page, records: [], bytes: 0 }
    return { ...page, records }
  }

  #withoutRepeated(records: readonly PlainRecord[]): readonly PlainRecord[] {
    const repeatedUpTo = this.#repeatedUpTo
    if (repeatedUpTo === undefined) return records
    return records.filter(({ sequenceNumber }) => compareSequenceNumbers(sequenceNumber, repeatedUpTo) > 0)
  }

  #taken(cause: AwsServiceError): TailraceError {
    const { clock, rng } = this.#context
    this.#subscribeAtMs = clock.monotonic() + betweenSubscriptionsMs + jitterMs * rng.next()
    const { streamArn, shardId } = this.#shard
    return new TailraceError(
      'SUBSCRIPTION_IN_USE',
      `Another reader has subscribed (shard ${shardId} of ${streamArn})`,
      {
        cause,
        details: { streamArn, shardId },
      },
    )
  }
}

/** The continuation, or what was handed out if that lies behind it: then the event's records were not all in front of it. */
function laterOf(continuation: string | undefined, handedOut: PageStart): PageStart {
  if (continuation === undefined) return handedOut
  const isCovered = handedOut.kind !== 'after' || compareSequenceNumbers(continuation, handedOut.sequenceNumber) >= 0
  return isCovered ? { kind: 'after', sequenceNumber: continuation } : handedOut
}

function startingPosition(start: PageStart, nowMs: number): Readonly<Record<string, unknown>> {
  switch (start.kind) {
    case 'after':
      return { Type: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: start.sequenceNumber }
    case 'at':
      return { Type: 'AT_SEQUENCE_NUMBER', SequenceNumber: start.sequenceNumber }
    case 'time':
      // The future is refused. Seconds, with milliseconds behind the point.
      return { Type: 'AT_TIMESTAMP', Timestamp: Math.min(start.atMs, nowMs) / 1000 }
    case 'oldest':
      return { Type: 'TRIM_HORIZON' }
  }
}
