import { expect, it } from 'vitest'
import { TailraceError } from '../../../errors.ts'
import { createManualClock } from '../../../testing/manual-clock.ts'
import type { ForwardAnswer, ForwardRequest } from './forwarding.ts'
import { whileAnswering } from './while-answering.ts'

const never = new AbortController().signal
const alive: ForwardAnswer = { status: 503, contentType: undefined, location: undefined, body: Buffer.alloc(0) }

/** Waits until it is told to stop. */
function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}

it('gives up a process that does not say that it lives', async () => {
  const clock = createManualClock()
  const asked: string[] = []
  const send = ({ url }: ForwardRequest, signal: AbortSignal): Promise<ForwardAnswer> => {
    asked.push(url)
    return asked.length < 3 ? Promise.resolve(alive) : untilAborted(signal)
  }
  let end: unknown
  whileAnswering({ send, clock }, 'http://10.0.0.2:8083/', untilAborted, never).catch((error: unknown) => (end = error))
  await clock.advance(4_500)
  expect(asked).toEqual(Array.from({ length: 3 }, () => 'http://10.0.0.2:8083/livez'))
  await clock.advance(1_999)
  expect(end).toBeUndefined()
  await clock.advance(1)
  expect(end).toMatchObject({ code: 'SERVICE_CHANGING', message: expect.stringContaining('may have happened') })
  expect(clock.sleepers).toBe(0)
})

it('says so at once where nobody listens any more', async () => {
  const clock = createManualClock()
  const send = (): Promise<never> => Promise.reject(new TailraceError('SERVICE_CHANGING', 'no answer'))
  const waiting = whileAnswering({ send, clock }, 'http://10.0.0.2:8083', untilAborted, never)
  waiting.catch(() => undefined)
  await clock.advance(1_500)
  await expect(waiting).rejects.toMatchObject({ code: 'SERVICE_CHANGING', message: 'no answer' })
})

it('asks nobody once the answer has come', async () => {
  const clock = createManualClock()
  const asked: string[] = []
  const send = ({ url }: ForwardRequest): Promise<ForwardAnswer> => {
    asked.push(url)
    return Promise.resolve(alive)
  }
  expect(await whileAnswering({ send, clock }, 'http://10.0.0.2:8083', async () => 'done', never)).toBe('done')
  await clock.advance(10_000)
  expect([asked, clock.sleepers]).toEqual([[], 0])
})
