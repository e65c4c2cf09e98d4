import type { Clock } from '../../../async/clock.ts'
import { inTime } from '../../../async/in-time.ts'
import { underWatch } from '../../../async/under-watch.ts'
import type { Watch } from '../../../async/under-watch.ts'
import { TailraceError } from '../../../errors.ts'
import type { SendForward } from './forwarding.ts'

/** Between two questions whether the process turns at all; the first comes after the same time. Milliseconds. */
const everyMs = 1_500
/** Whoever turns answers that at once, however long the work takes; a machine with too much to do is given this long. Milliseconds. */
const answerMs = 2_000

/**
 * Does `work`, which waits for the process at `url`, as long as that answers `/livez`. One that stands still is known to its group only after the
 * session timeout: the signal of `work` aborts before that, with SERVICE_CHANGING. What was asked for may still happen.
 */
export async function whileAnswering<T>(
  { send, clock }: { readonly send: SendForward; readonly clock: Clock },
  url: string,
  work: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const question = { url: `${url.replace(/\/$/, '')}/livez`, method: 'GET', headers: {}, body: Buffer.alloc(0) }
  const ask = async (over: AbortSignal): Promise<never> => {
    for (;;) {
      await clock.sleep(everyMs, over)
      await inTime(clock, { ms: answerMs, late: standsStill }, over, (each) => send(question, each))
    }
  }
  const watch: Watch = (callOff, over) => void ask(over).catch(callOff)
  return underWatch(watch, signal, work)
}

function standsStill(): TailraceError {
  const message = `Cannot complete request: the leader of the service does not answer. What was asked for may have happened, or may still happen`
  return new TailraceError('SERVICE_CHANGING', message)
}
