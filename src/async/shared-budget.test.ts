import { describe, expect, it } from 'vitest'
import type { ByteShare } from './byte-budget.ts'
import { createSharedBudget } from './shared-budget.ts'

const never = new AbortController().signal

/** What has resolved by now. */
async function isReady(promise: Promise<unknown>): Promise<boolean> {
  return Promise.race([
    promise.then(() => true),
    Promise.resolve().then(() => Promise.resolve().then(() => Promise.resolve(false))),
  ])
}

describe('createSharedBudget', () => {
  it('gives one user all of it', async () => {
    const part = createSharedBudget(100).join(1000)
    for (let taken = 0; taken < 100; taken += 10) expect(await isReady(part.take(10, never))).toBe(true)
    expect(part.inFlightBytes).toBe(100)
    expect(await isReady(part.take(10, never))).toBe(false)
  })

  it('keeps a part for each, however much another one takes and never gives back', async () => {
    const budget = createSharedBudget(100)
    const [greedy, modest] = [budget.join(1000), budget.join(1000)]
    while (await isReady(greedy.take(5, never)));
    expect(greedy.inFlightBytes).toBe(75)
    const shares: ByteShare[] = []
    for (let taken = 0; taken < 25; taken += 5) shares.push(await modest.take(5, never))
    expect(budget.inFlightBytes).toBe(100)
    const late = modest.take(5, never)
    expect(await isReady(late)).toBe(false)
    shares[0]?.release()
    expect(await isReady(late)).toBe(true)
  })

  it('lets one request of each through, whatever its size', async () => {
    const budget = createSharedBudget(10)
    const parts = [budget.join(1000), budget.join(1000), budget.join(1000)]
    for (const part of parts) expect(await isReady(part.take(50, never))).toBe(true)
    for (const part of parts) expect(await isReady(part.take(1, never))).toBe(false)
  })

  it('bounds a user by its own limit', async () => {
    const part = createSharedBudget(1000).join(20)
    await part.take(15, never)
    expect(await isReady(part.take(10, never))).toBe(false)
  })

  it('serves the users in the order in which they came', async () => {
    const budget = createSharedBudget(100)
    const parts = [budget.join(1000), budget.join(1000)]
    for (const part of parts) await part.take(25, never)
    const held = await Promise.all(parts.map((part) => part.take(25, never)))
    const order: number[] = []
    const waits = [1, 0].map(async (at) => {
      const share = await parts[at]?.take(40, never)
      order.push(at)
      share?.release()
    })
    for (const share of held) share.release()
    await Promise.all(waits)
    expect(order).toEqual([1, 0])
  })

  it('counts what somebody has who left, until it is given back', async () => {
    const budget = createSharedBudget(100)
    const leaving = budget.join(1000)
    const share = await leaving.take(50, never)
    leaving[Symbol.dispose]()
    const part = budget.join(1000)
    while (await isReady(part.take(10, never)));
    expect(budget.inFlightBytes).toBe(100)
    const waiting = part.take(10, never)
    share.release()
    expect(await isReady(waiting)).toBe(true)
  })

  it('forgets a waiter that gives up, and lets the next one through', async () => {
    const part = createSharedBudget(100).join(1000)
    await part.take(90, never)
    const scope = new AbortController()
    const large = part.take(50, scope.signal)
    const small = part.take(5, never)
    expect(await isReady(small)).toBe(false)
    scope.abort(new Error('enough'))
    await expect(large).rejects.toThrow('enough')
    expect(await isReady(small)).toBe(true)
  })
})
