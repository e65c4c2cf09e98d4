import type { Rng } from './rng.ts'

/** Exponential growth with full jitter: each delay is uniform in [floor, min(cap, base × 2^attempt)]. Milliseconds. */
export interface BackoffPolicy {
  readonly baseMs: number
  readonly capMs: number
  readonly floorMs?: number
}

/** Milliseconds to wait before attempt number `attempt` (0 = before the first retry). */
export function backoffDelay(policy: BackoffPolicy, attempt: number, rng: Rng): number {
  const ceiling = Math.min(policy.capMs, policy.baseMs * 2 ** Math.min(attempt, 30))
  const floor = Math.min(policy.floorMs ?? policy.baseMs / 2, ceiling)
  return floor + (ceiling - floor) * rng.next()
}
