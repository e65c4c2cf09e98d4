import { expect, it } from 'vitest'
import { createManualClock } from '../../../testing/manual-clock.ts'
import type { Leader, Leadership } from './connect-service.ts'
import { whileLeading } from './while-leading.ts'

const asked = 'http://10.0.0.2:8083'

interface ChangingLeadership extends Leadership {
  change(leader: Leader): void
  readonly listeners: ReadonlySet<() => void>
}

function leadershipOf(first: Leader): ChangingLeadership {
  let leader = first
  const listeners = new Set<() => void>()
  return {
    leader: () => leader,
    onChange: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    change: (next) => {
      leader = next
      for (const listener of listeners) listener()
    },
    listeners,
  }
}

/** Waits until it is told to stop, as for a leader that was frozen. */
function untilAborted(signal: AbortSignal): Promise<string> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}

it.each([
  { kind: 'other', process: 'p', url: 'http://10.0.0.3:8083' },
  { kind: 'self' },
  { kind: 'none' },
] satisfies Leader[])('gives up a leader that does not answer, once the leader is %o', async (next) => {
  const clock = createManualClock()
  const leadership = leadershipOf({ kind: 'other', process: 'p', url: asked })
  const waiting = whileLeading({ leadership, clock }, asked, untilAborted, new AbortController().signal)
  waiting.catch(() => undefined)
  // Something else has changed.
  leadership.change({ kind: 'other', process: 'p', url: asked })
  await clock.advance(60_000)
  expect(leadership.listeners.size).toBe(1)
  leadership.change(next)
  await clock.advance(1_000)
  await expect(waiting).rejects.toMatchObject({ code: 'SERVICE_CHANGING' })
  expect(leadership.listeners.size).toBe(0)
})

it('takes the answer of a leader that hands over in order', async () => {
  const clock = createManualClock()
  const leadership = leadershipOf({ kind: 'other', process: 'p', url: asked })
  const answer = Promise.withResolvers<string>()
  const waiting = whileLeading(
    { leadership, clock },
    asked,
    (signal) => Promise.race([answer.promise, untilAborted(signal)]),
    new AbortController().signal,
  )
  leadership.change({ kind: 'none' })
  await clock.advance(900)
  answer.resolve('done')
  expect(await waiting).toBe('done')
  await clock.advance(10_000)
})

it('waits where nobody tells of leaders, until its own signal aborts', async () => {
  const clock = createManualClock()
  const stop = new AbortController()
  const leadership: Leadership = { leader: () => ({ kind: 'none' }) }
  const waiting = whileLeading({ leadership, clock }, asked, untilAborted, stop.signal)
  await clock.advance(60_000)
  stop.abort(new Error('enough'))
  await expect(waiting).rejects.toThrow('enough')
})
