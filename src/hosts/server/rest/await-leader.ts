import type { Clock } from '../../../async/clock.ts'
import type { Leader, Leadership } from './connect-service.ts'

/**
 * So long a change waits for a leader where none is known, as Connect keeps one until its first rebalance is over: who starts a process and asks
 * it at once is not turned away. A broker waits for three seconds (`group.initial.rebalance.delay.ms`) before it tells the first member of a group
 * that it leads. Milliseconds.
 */
const patienceMs = 4_000

/** The leader, if there is one by now. */
export interface MetLeader {
  readonly leader: Leader
  /** What it took of the time of the request. Milliseconds. */
  readonly waitedMs: number
}

/**
 * Waits until a leader is known, four seconds at most. Only the process that was asked first does: a request that was handed on (`hops`) has
 * had its time. Never rejects; when `signal` aborts, the leader of that moment is the answer.
 */
export async function awaitLeader(
  {
    leadership,
    clock,
    signal,
  }: { readonly leadership: Leadership; readonly clock: Clock; readonly signal: AbortSignal },
  hops: number,
): Promise<MetLeader> {
  const isKnown = (): boolean => leadership.leader().kind !== 'none'
  if (isKnown() || hops > 0 || leadership.onChange === undefined) return { leader: leadership.leader(), waitedMs: 0 }
  const fromMs = clock.monotonic()
  const over = new AbortController()
  const end = leadership.onChange(() => {
    if (isKnown()) over.abort(new Error('there is a leader'))
  })
  try {
    await clock.sleep(patienceMs, AbortSignal.any([signal, over.signal]))
  } catch {
    // Somebody leads, or the server closes.
  } finally {
    end()
  }
  return { leader: leadership.leader(), waitedMs: clock.monotonic() - fromMs }
}
