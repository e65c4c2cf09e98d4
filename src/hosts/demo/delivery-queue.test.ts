import { describe, expect, it } from 'vitest'
import { seededRng } from '../../async/rng.ts'
import { createDeliveryQueue, deliveryDelays, faultless } from './delivery-queue.ts'

describe('deliveries of a change', () => {
  it('are one, at once, without faults', () => {
    expect(deliveryDelays(faultless, seededRng(1))).toEqual([0])
  })

  it('are as bad as they are said to be, and never outside their window', () => {
    const rng = seededRng(2)
    const all = Array.from({ length: 10_000 }, () =>
      deliveryDelays({ duplicates: 0.1, delays: 0.2, windowMs: 5_000 }, rng),
    )
    const share = (is: (delays: readonly number[]) => boolean): number => all.filter(is).length / all.length
    expect(share(([first]) => first !== 0)).toBeCloseTo(0.2, 1)
    expect(share((delays) => delays.length > 1)).toBeCloseTo(0.1, 1)
    expect(share((delays) => delays.length > 2)).toBeCloseTo(0.01, 2)
    expect(Math.max(...all.flat())).toBeLessThanOrEqual(5_000)
    expect(Math.max(...all.flat())).toBeGreaterThan(4_500)
    for (const delays of all) expect(delays.toSorted((a, b) => a - b)).toEqual(delays)
  })
})

describe('a queue of deliveries', () => {
  it('gives what is due by its time, and of one time by its place', () => {
    const queue = createDeliveryQueue<string>()
    queue.add(20, 'late')
    for (const name of ['a', 'b', 'c']) queue.add(10, name)
    queue.add(20, 'later')
    queue.add(5, 'first')
    expect(queue.nextDueMs).toBe(5)
    expect(queue.takeDue(4)).toEqual([])
    expect(queue.takeDue(10, 2)).toEqual(['first', 'a'])
    expect(queue.size).toBe(4)
    expect(queue.takeDue(20)).toEqual(['b', 'c', 'late', 'later'])
    expect(queue.nextDueMs).toBeUndefined()
  })
})
