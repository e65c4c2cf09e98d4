import { expect, it } from 'vitest'
import { createManualClock } from '../../test/servers/stream-simulator/manual-clock.ts'
import { createRequestBudget } from './throttling.ts'

const never = new AbortController().signal

it('a budget bounds the rate, lets a burst through after a pause, and keeps keys apart', async () => {
  const clock = createManualClock()
  const budget = createRequestBudget({ clock, perSecond: 4, burst: 4 })
  for (let i = 0; i < 4; i++) await budget.take('a', never)
  expect(clock.sleeps).toEqual([])
  for (let i = 0; i < 8; i++) await budget.take('a', never)
  expect(clock.monotonic()).toBe(2_000)
  await budget.take('b', never)
  expect(clock.monotonic()).toBe(2_000)
  clock.advance(60_000)
  for (let i = 0; i < 4; i++) await budget.take('a', never)
  expect(clock.monotonic()).toBe(62_000)
  await budget.take('a', never)
  expect(clock.monotonic()).toBe(62_250)
})

it('a stop ends the wait', async () => {
  const budget = createRequestBudget({ clock: createManualClock(), perSecond: 1 })
  await budget.take('a', never)
  const stopped = AbortSignal.abort(new Error('stopped'))
  await expect(budget.take('a', stopped)).rejects.toThrow('stopped')
})
