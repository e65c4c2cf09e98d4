import type { Clock } from '../../../async/clock.ts'
import { underWatch } from '../../../async/under-watch.ts'
import type { Watch } from '../../../async/under-watch.ts'
import { TailraceError } from '../../../errors.ts'
import type { Leadership } from './connect-service.ts'

/** A leader that hands over in order ends its running changes first, and their answers are on the way. Milliseconds. */
const graceMs = 1_000

/**
 * Does `work`, which waits for the leader at `url`, as long as that leads. When another process does, or nobody, the one that was asked may stand
 * still for ever, or have gone without a word: after a moment the signal of `work` aborts with SERVICE_CHANGING. What was asked for may have happened.
 */
export async function whileLeading<T>(
  { leadership, clock }: { readonly leadership: Leadership; readonly clock: Clock },
  url: string,
  work: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const watch: Watch = (callOff, over) => {
    const look = (): void => {
      const leader = leadership.leader()
      if (leader.kind === 'other' && leader.url === url) return
      end?.()
      const message = 'Cannot complete request: the leader of the service has changed meanwhile'
      void clock.sleep(graceMs, over).then(
        () => callOff(new TailraceError('SERVICE_CHANGING', message)),
        () => undefined,
      )
    }
    const end = leadership.onChange?.(look)
    if (end !== undefined) over.addEventListener('abort', end, { once: true })
  }
  return underWatch(watch, signal, work)
}
