import { describe, expect, it } from 'vitest'
import { createManualClock } from '../testing/manual-clock.ts'
import { mapBounded } from './map-bounded.ts'

describe('mapBounded', () => {
  it('keeps the order of the items and never has more than its limit under way', async () => {
    const clock = createManualClock()
    let underWay = 0
    let most = 0
    const running = mapBounded([50, 10, 40, 20, 30], 2, async (ms) => {
      most = Math.max(most, ++underWay)
      await clock.sleep(ms)
      underWay--
      return ms * 2
    })
    await clock.advance(1_000)
    expect(await running).toEqual([100, 20, 80, 40, 60])
    expect(most).toBe(2)
  })
  it('begins nothing more after a rejection, and waits for what is under way', async () => {
    const clock = createManualClock()
    const begun: number[] = []
    let ended = 0
    const running = mapBounded([1, 2, 3, 4], 2, async (item) => {
      begun.push(item)
      await clock.sleep(item * 10)
      if (item === 1) throw new Error('the first')
      ended++
    }).catch((error: unknown) => error)
    await clock.advance(1_000)
    expect(await running).toEqual(new Error('the first'))
    expect(begun).toEqual([1, 2])
    expect(ended).toBe(1)
  })
})
