import { backoffDelay } from '../../async/backoff.ts'
import type { Clock } from '../../async/clock.ts'
import type { Rng } from '../../async/rng.ts'
import { TailraceError } from '../../errors.ts'

const mostRetries = 3
const pause = { baseMs: 100, capMs: 1_000 }

/**
 * Repeats what only reads, a few times within two seconds, where it fails with something that passes by itself: a topic that was made a moment
 * ago, a partition whose leader moves. Somebody waits for an answer: what lasts longer is told to them.
 */
export async function waitOut<T>(
  { clock, rng }: { readonly clock: Clock; readonly rng: Rng },
  read: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await read()
    } catch (error) {
      if (!mayPass(error) || tries === mostRetries) throw error
      await clock.sleep(backoffDelay(pause, tries, rng), signal)
    }
  }
}

/** True for failures behind which the same question may be answered. */
export function mayPass(error: unknown): boolean {
  return error instanceof TailraceError && (error.policy === 'retry' || error.policy === 'retake')
}
