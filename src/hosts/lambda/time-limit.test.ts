import { expect, it } from 'vitest'
import type { Clock } from '../../async/clock.ts'
import { TailraceError } from '../../errors.ts'
import { withinTime } from './time-limit.ts'

/** Waits that end when the test says so. */
interface HeldClock extends Clock {
  readonly waits: readonly { readonly ms: number; readonly end: () => void }[]
}

function heldClock(): HeldClock {
  const waits: { readonly ms: number; readonly end: () => void }[] = []
  return {
    waits,
    now: () => 0,
    monotonic: () => 0,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const wait = { ms, end: resolve }
        waits.push(wait)
        signal?.addEventListener('abort', () => {
          waits.splice(waits.indexOf(wait), 1)
          reject(signal.reason)
        })
      }),
  }
}

const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))

it('gives up half a second before the end, and says what it was waiting for', async () => {
  const clock = heldClock()
  const doubt = new TailraceError('KAFKA_UNREACHABLE', 'nobody is there')
  const running = withinTime(clock, 10_000, untilAborted, () => doubt)
  expect(clock.waits).toMatchObject([{ ms: 9_500 }])
  clock.waits[0]?.end()
  await expect(running).rejects.toMatchObject({
    code: 'LAMBDA_OUT_OF_TIME',
    message: expect.stringContaining('[KAFKA_UNREACHABLE] nobody is there'),
    cause: doubt,
  })
})

it('keeps a part of a short time, too', () => {
  const clock = heldClock()
  void withinTime(clock, 1_000, untilAborted, () => undefined)
  expect(clock.waits).toMatchObject([{ ms: 800 }])
})

it('leaves no timer behind, and hands on what the work says', async () => {
  const clock = heldClock()
  const nothing = (): undefined => undefined
  expect(await withinTime(clock, 10_000, async () => 'done', nothing)).toBe('done')
  const refused = new TailraceError('LAMBDA_NO_SHARD', 'no')
  await expect(withinTime(clock, 10_000, () => Promise.reject(refused), nothing)).rejects.toBe(refused)
  expect(clock.waits).toEqual([])
})
