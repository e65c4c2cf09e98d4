import { backoffDelay } from '../../async/backoff.ts'
import type { Clock } from '../../async/clock.ts'
import { untilAborted } from '../../async/until-aborted.ts'
import type { Rng } from '../../async/rng.ts'
import { TailraceError } from '../../errors.ts'
import type { LaneSession } from '../../lanes/lane-session.ts'
import type { Stages } from '../stages.ts'
import { learnLimits } from '../topic-limits.ts'
import type { TopicLimits } from '../topic-limits.ts'
import { deliverBatch } from './deliver-batch.ts'
import type { PushedBatch, PushedDelivery, PushedOutcome } from './pushed-batch.ts'
import type { HeldShard, ReadyLedger } from './ready-ledger.ts'

export interface PushedDeliveryOptions {
  readonly ledger: ReadyLedger
  readonly stages: Stages
  readonly topicLimits: TopicLimits
  readonly clock: Clock
  readonly rng: Rng
  /** False where nothing is remembered, so that whatever comes again is written again. */
  readonly keepsPositions: boolean
  /** Tidies up in the partition of a shard that was taken; rejections are nobody's loss. Default: nobody does. */
  readonly forgetOld?: ((session: LaneSession, signal: AbortSignal) => Promise<unknown>) | undefined
  /** Hears why a shard is taken anew. */
  readonly onDoubt: (error: TailraceError) => void
}

/**
 * Shards stay taken from one batch to the next for as long as nothing is in doubt: then a batch costs one transaction. On
 * any doubt the shard is let go and taken again, and its position decides what is still to be written.
 */
export function createPushedDelivery(options: PushedDeliveryOptions): PushedDelivery {
  return new ShardBook(options)
}

/** Shards that a process keeps between batches; each holds what its partition of the ledger says. */
const maxHeld = 64
const retakeBackoff = { baseMs: 50, capMs: 2_000 }
/** A topic that was changed under a process that goes on for days must be noticed. */
const lookAgainMs = 60_000

/** Tidying up must not cost the answer much. */
const forgettingMs = 2_000

interface Held {
  readonly shard: HeldShard
  /** By both clocks: one of them may have stood still while the process was frozen. */
  lookedAt: { readonly monotonicMs: number; readonly wallMs: number }
}

class ShardBook implements PushedDelivery {
  readonly #options: PushedDeliveryOptions
  /** The oldest use first. */
  readonly #held = new Map<string, Held>()
  readonly #busy = new Map<string, Promise<unknown>>()

  constructor(options: PushedDeliveryOptions) {
    this.#options = options
  }

  async deliver(batch: PushedBatch, signal: AbortSignal): Promise<PushedOutcome> {
    const key = `${batch.streamArn}/${batch.shardId}`
    const before = this.#busy.get(key)
    const work = (async () => {
      if (before !== undefined)
        await untilAborted(
          before.catch(() => undefined),
          signal,
        )
      return this.#deliver(key, batch, signal)
    })()
    this.#busy.set(key, work)
    try {
      return await work
    } finally {
      if (this.#busy.get(key) === work) this.#busy.delete(key)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const held = [...this.#held.values()]
    this.#held.clear()
    for (const { shard } of held) await shard[Symbol.asyncDispose]()
  }

  async #deliver(key: string, batch: PushedBatch, signal: AbortSignal): Promise<PushedOutcome> {
    const { clock, rng, onDoubt, topicLimits } = this.#options
    for (let attempt = 0; ; attempt++) {
      signal.throwIfAborted()
      const isKept = this.#held.has(key)
      try {
        return await this.#attempt(key, batch, signal)
      } catch (error) {
        await this.#letGo(key)
        if (signal.aborted) throw signal.reason
        const known = asTailraceError(error)
        learnLimits(topicLimits, known)
        onDoubt(known)
        if (known.policy !== 'retake' && known.policy !== 'retry') throw known
        // Between two batches another process has had the shard, as processes that have many shards do: it is taken back at once.
        if (isKept && known.code === 'KAFKA_FENCED') continue
        await clock.sleep(backoffDelay(retakeBackoff, attempt, rng), signal)
      }
    }
  }

  async #attempt(key: string, batch: PushedBatch, signal: AbortSignal): Promise<PushedOutcome> {
    const { ledger, forgetOld } = this.#options
    const known = this.#held.get(key)
    const held = known ?? { shard: await ledger.take(batch, signal), lookedAt: this.#now() }
    this.#held.delete(key)
    this.#held.set(key, held)
    await this.#makeRoom()
    if (this.#isLongAgo(held.lookedAt)) {
      await ledger.lookAgain(held.shard, batch, signal)
      held.lookedAt = this.#now()
    }
    const outcome = await deliverBatch(batch, held.shard, this.#options, signal)
    // Behind the batch, whose outcome it must not change: the next shard that is taken does the same.
    if (known === undefined && forgetOld !== undefined) await this.#forget(held.shard.session, forgetOld, signal)
    return outcome
  }

  #now(): Held['lookedAt'] {
    return { monotonicMs: this.#options.clock.monotonic(), wallMs: this.#options.clock.now() }
  }

  #isLongAgo({ monotonicMs, wallMs }: Held['lookedAt']): boolean {
    const now = this.#now()
    return now.monotonicMs - monotonicMs > lookAgainMs || now.wallMs - wallMs > lookAgainMs
  }

  async #forget(
    session: LaneSession,
    forgetOld: NonNullable<PushedDeliveryOptions['forgetOld']>,
    signal: AbortSignal,
  ): Promise<void> {
    const [late, done] = [new AbortController(), new AbortController()]
    const expiry = this.#options.clock.sleep(forgettingMs, done.signal).then(
      () => late.abort(new Error('later')),
      () => undefined,
    )
    await forgetOld(session, AbortSignal.any([signal, late.signal])).catch(() => undefined)
    done.abort(new Error('done'))
    await expiry
  }

  async #letGo(key: string): Promise<void> {
    const held = this.#held.get(key)
    this.#held.delete(key)
    await held?.shard[Symbol.asyncDispose]()
  }

  async #makeRoom(): Promise<void> {
    for (const key of this.#held.keys()) {
      if (this.#held.size <= maxHeld) return
      if (!this.#busy.has(key)) await this.#letGo(key)
    }
  }
}

function asTailraceError(error: unknown): TailraceError {
  if (error instanceof TailraceError) return error
  return new TailraceError('TRANSACTION_IN_DOUBT', 'a batch failed unexpectedly', { cause: error })
}
