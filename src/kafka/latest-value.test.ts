import { expect, test } from 'vitest'
import { createLatestValue } from './latest-value.ts'

const { signal } = new AbortController()

test('the newest value wins; a taker that waits gets the next one', async () => {
  const latest = createLatestValue<number>()
  latest.put(1)
  latest.put(2)
  expect(await latest.take(signal)).toBe(2)
  const next = latest.take(signal)
  latest.put(3)
  expect(await next).toBe(3)
})

test('idle means that the taker came back for more', async () => {
  const latest = createLatestValue<number>()
  latest.put(1)
  let isIdle = false
  const idle = latest.idle().then(() => (isIdle = true))
  await latest.take(signal)
  await Promise.resolve()
  expect(isIdle).toBe(false)
  const next = latest.take(signal)
  await idle
  latest.put(2)
  expect(await next).toBe(2)
})

test('an abort, or the end, ends the waiting', async () => {
  const latest = createLatestValue<number>()
  const stop = new AbortController()
  const aborted = latest.take(stop.signal)
  stop.abort()
  expect(await aborted).toBeUndefined()
  const ended = latest.take(signal)
  latest.end()
  expect(await ended).toBeUndefined()
  latest.put(1)
  expect(await latest.take(signal)).toBeUndefined()
  await latest.idle()
})
