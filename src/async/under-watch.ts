import { calledOff } from './clock.ts'

/** Looks on while somebody waits: may call the wait off with a reason, and ends when `over` aborts. Must not throw. */
export type Watch = (callOff: (reason: unknown) => void, over: AbortSignal) => void

/** As `work`, whose signal aborts with that of `signal`, and when `watch` calls it off; what it has begun may still happen. */
export async function underWatch<T>(
  watch: Watch,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const scope = new AbortController()
  const over = new AbortController()
  watch((reason) => scope.abort(reason), over.signal)
  try {
    return await work(AbortSignal.any([signal, scope.signal]))
  } finally {
    over.abort(calledOff)
  }
}
