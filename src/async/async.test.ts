import { describe, expect, it } from 'vitest'
import { createManualClock } from '../testing/manual-clock.ts'
import { backoffDelay } from './backoff.ts'
import { createBell } from './bell.ts'
import { createByteBudget, createSubBudget } from './byte-budget.ts'
import { withDeadline } from './clock.ts'
import { createGrace } from './grace.ts'
import { seededRng } from './rng.ts'

const never = new AbortController().signal
const rejectionOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'resolved',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  )

describe('bell', () => {
  it('remembers one ring that nobody waited for', async () => {
    const clock = createManualClock()
    const bell = createBell(clock)
    bell.ring()
    bell.ring()
    await bell.wait(1_000, never)
    let isOver = false
    const waiting = bell.wait(1_000, never).then(() => (isOver = true))
    await clock.advance(999)
    expect(isOver).toBe(false)
    await clock.advance(1)
    await waiting
  })
  it('leaves no timer behind when it rings or is aborted', async () => {
    const clock = createManualClock()
    const bell = createBell(clock)
    const waiting = bell.wait(1_000, never)
    await clock.advance(0)
    bell.ring()
    await waiting
    const stop = new AbortController()
    const aborted = rejectionOf(bell.wait(1_000, stop.signal))
    stop.abort(new Error('enough'))
    expect(await aborted).toBe('enough')
    expect(clock.sleepers).toBe(0)
  })
})

describe('byte budget', () => {
  it('serves waiters in order and lets an oversized one through alone', async () => {
    const budget = createByteBudget(100)
    const order: string[] = []
    const first = await budget.take(80, never)
    const large = budget.take(500, never).then((share) => (order.push('large'), share))
    const small = budget.take(10, never).then((share) => (order.push('small'), share))
    first.release()
    const share = await large
    expect(order).toEqual(['large'])
    share.release()
    await small
    expect(order).toEqual(['large', 'small'])
  })
  it('forgets a waiter that gave up', async () => {
    const budget = createByteBudget(100)
    const first = await budget.take(100, never)
    const stop = new AbortController()
    const waiting = rejectionOf(budget.take(50, stop.signal))
    stop.abort(new Error('enough'))
    expect(await waiting).toBe('enough')
    first.release()
    expect(budget.inFlightBytes).toBe(0)
  })
})

describe('part of a budget', () => {
  it('is bounded by itself and by the whole', async () => {
    const whole = createByteBudget(100)
    const part = createSubBudget(whole, 40)
    const first = await part.take(40, never)
    let isServed = false
    const second = part.take(10, never).then((share) => ((isServed = true), share))
    const other = await whole.take(60, never)
    expect([whole.inFlightBytes, part.inFlightBytes]).toEqual([100, 40])
    first.resize(30)
    await Promise.resolve()
    expect(isServed).toBe(false)
    other.release()
    first.release()
    const share = await second
    expect([whole.inFlightBytes, part.inFlightBytes]).toEqual([10, 10])
    share.release()
    expect([whole.inFlightBytes, part.inFlightBytes]).toEqual([0, 0])
  })
  it('gives its own part back to whoever gave up waiting for the whole', async () => {
    const whole = createByteBudget(100)
    const part = createSubBudget(whole, 40)
    const other = await whole.take(100, never)
    const stop = new AbortController()
    const waiting = rejectionOf(part.take(40, stop.signal))
    stop.abort(new Error('enough'))
    expect(await waiting).toBe('enough')
    expect(part.inFlightBytes).toBe(0)
    other.release()
    expect(whole.inFlightBytes).toBe(0)
  })
})

describe('grace', () => {
  it('cuts off only after its time', async () => {
    const clock = createManualClock()
    const stop = new AbortController()
    using grace = createGrace(clock, stop.signal, 500)
    stop.abort(new Error('stop'))
    await clock.advance(499)
    expect(grace.signal.aborted).toBe(false)
    await clock.advance(1)
    expect(grace.signal.aborted).toBe(true)
  })
})

describe('deadline', () => {
  it('gives the result in time, or its own error', async () => {
    const clock = createManualClock()
    expect(await withDeadline(clock, 100, Promise.resolve(7), () => new Error('late'))).toBe(7)
    const late = rejectionOf(withDeadline(clock, 100, new Promise(() => {}), () => new Error('late')))
    await clock.advance(100)
    expect(await late).toBe('late')
    expect(clock.sleepers).toBe(0)
  })
})

describe('back-off', () => {
  it('grows to its cap and never falls below its floor', () => {
    const rng = seededRng(3)
    const delays = Array.from({ length: 40 }, (_, attempt) => backoffDelay({ baseMs: 100, capMs: 5_000 }, attempt, rng))
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(50)
    expect(Math.max(...delays)).toBeLessThanOrEqual(5_000)
    expect(Math.max(...delays.slice(10))).toBeGreaterThan(3_000)
  })
})
