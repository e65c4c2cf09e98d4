import type { Clock } from '../../async/clock.ts'

/**
 * How long AWS, Kafka and a schema registry are asked about a configuration, however often it is looked at. Clients give up after ten seconds, of which
 * a process that hands a request on takes two, and a second is for the commit. Milliseconds.
 */
export const questionsMs = 5_000
/** Then the look is over, also for what does not heed its signal. Milliseconds. */
const overMs = 6_000
/** Secrets of one look, so that time is left for the ledger. Milliseconds. */
const secretsMs = 3_000

/** The time that a request for a configuration has. Dispose it when the request is answered: what is still asked then is given up. */
export interface AdmissionTime extends Disposable {
  readonly questions: AbortSignal
  readonly over: AbortSignal
  /** Counted from this call on, and within `questions`. */
  secrets(): AbortSignal
}

/** Begins to count. */
export function beginAdmission(clock: Clock): AdmissionTime {
  const answered = new AbortController()
  const after = (ms: number): AbortSignal => {
    const limit = new AbortController()
    clock.sleep(ms, answered.signal).then(
      () => limit.abort(new Error(`no answer within ${ms / 1000} s`)),
      () => limit.abort(answered.signal.reason),
    )
    return limit.signal
  }
  const [questions, over] = [after(questionsMs), after(overMs)]
  return {
    questions,
    over,
    secrets: () => AbortSignal.any([after(secretsMs), questions]),
    [Symbol.dispose]: () => answered.abort(new Error('the request is answered')),
  }
}
