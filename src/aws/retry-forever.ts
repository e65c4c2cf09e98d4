import { backoffDelay } from '../async/backoff.ts'
import type { BackoffPolicy } from '../async/backoff.ts'
import type { Clock } from '../async/clock.ts'
import type { Rng } from '../async/rng.ts'
import type { ErrorCode } from '../error-catalogue.ts'
import { TailraceError } from '../errors.ts'

/** How to wait, and who hears of it. */
export interface RetryOptions {
  readonly clock: Clock
  readonly rng: Rng
  readonly policy: BackoffPolicy
  /** Called before each wait. Must not throw. */
  readonly onRetry?: ((retry: Retry) => void) | undefined
  /** Codes that are passed on although their policy is `retry`: a pre-flight check does not wait for a permission. */
  readonly giveUpOn?: readonly ErrorCode[] | undefined
}

/** One failed attempt, about to be repeated. */
export interface Retry {
  readonly error: TailraceError
  /** 0 for the first failure of this call. */
  readonly attempt: number
  readonly delayMs: number
}

/**
 * Repeats `attempt` until it succeeds, as long as it fails with errors whose policy is `retry`; any other error is
 * passed on at once. Rejects with the signal's reason when it aborts. The attempt must be safe to repeat.
 */
export async function retryForever<T>(
  options: RetryOptions,
  attempt: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  for (let failures = 0; ; failures++) {
    signal.throwIfAborted()
    try {
      return await attempt()
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof TailraceError) || error.policy !== 'retry' || options.giveUpOn?.includes(error.code))
        throw error
      const delayMs = backoffDelay(options.policy, failures, options.rng)
      options.onRetry?.({ error, attempt: failures, delayMs })
      await options.clock.sleep(delayMs, signal)
    }
  }
}
