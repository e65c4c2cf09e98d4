import { untilAborted } from '../../../src/async/until-aborted.ts'
import type { DeliveryFaults, InvokeResult, StreamEvent } from './mapping.ts'
import type { MappingParts } from './mapping-parts.ts'

/** Invocations of one run, and what goes wrong with them. */
export interface Invoker {
  /** Rejects with the signal's reason as soon as it aborts, whatever the function does. */
  invoke(event: StreamEvent, signal: AbortSignal): Promise<InvokeResult>
  /** True with the probability of a fault, which counts as having struck. */
  strikes(fault: keyof DeliveryFaults): boolean
  /** Resolves when no invocation runs any more, those included that nobody waits for. */
  idle(signal: AbortSignal): Promise<void>
}

/** An invocation that is given up is waited for no longer than this. */
const mostPatienceMs = 2_000

/** Nothing runs yet. Each invocation gets an event of its own, as if it had come over a wire. */
export function createInvoker(parts: Pick<MappingParts, 'invoke' | 'faults' | 'rng' | 'clock' | 'counters'>): Invoker {
  const { faults, rng, clock, counters } = parts
  const running = new Set<Promise<unknown>>()

  const strikes = (fault: keyof DeliveryFaults): boolean => {
    const probability = faults?.[fault] ?? 0
    if (probability === 0 || rng.next() >= probability) return false
    counters.faults[fault]++
    return true
  }
  const start = (event: StreamEvent, signal: AbortSignal): Promise<InvokeResult> => {
    counters.invocations++
    counters.recordsInvoked += event.Records.length
    const work = parts.invoke(structuredClone(event), signal).then(overWire)
    const tracked = work.finally(() => running.delete(tracked))
    // Whoever waits for it hears of a rejection; nobody need.
    tracked.catch(() => undefined)
    running.add(tracked)
    return tracked
  }
  const givenUp = async (work: Promise<InvokeResult>, signal: AbortSignal): Promise<InvokeResult> => {
    const patience = new AbortController()
    const onAbort = (): void => patience.abort(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    const expiry = clock.sleep(rng.next() * mostPatienceMs, patience.signal)
    try {
      return await Promise.race([work, expiry.then((): InvokeResult => ({ kind: 'lost' }))])
    } finally {
      signal.removeEventListener('abort', onAbort)
      patience.abort('called off')
      await expiry.catch(() => undefined)
    }
  }
  return {
    strikes,
    invoke: async (event, signal) => {
      signal.throwIfAborted()
      const isTwice = strikes('twice')
      const first = start(event, signal)
      const work = isTwice ? Promise.race([first, start(event, signal)]) : first
      const result = await untilAborted(strikes('abandoned') ? givenUp(work, signal) : work, signal)
      return strikes('lostAnswer') ? { kind: 'lost' } : result
    },
    idle: async (signal) => {
      while (running.size > 0) await untilAborted(Promise.allSettled(running), signal)
    },
  }
}

/** What JSON leaves of an answer: members that are undefined are gone. */
function overWire(result: InvokeResult): InvokeResult {
  if (result.kind !== 'answer' || result.body === undefined) return result
  return { kind: 'answer', body: JSON.parse(JSON.stringify(result.body)) }
}
