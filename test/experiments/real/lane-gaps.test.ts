import { expect, it } from 'vitest'
import { createManualClock } from '../../../src/testing/manual-clock.ts'
import { watchLaneGaps } from './lane-gaps.ts'

it('a lane has a gap from the end of its owner to the next taking, and none before its first owner', async () => {
  const clock = createManualClock()
  const laneOwners = new Map<number, string>()
  await using watch = watchLaneGaps({ laneOwners }, clock)
  await clock.advance(500)
  expect(watch.gaps).toEqual([])
  laneOwners.set(3, 'a')
  await clock.advance(100)
  laneOwners.delete(3)
  await clock.advance(1_000)
  laneOwners.set(3, 'b')
  await clock.advance(100)
  expect(watch.gaps).toEqual([{ lane: 3, ms: expect.closeTo(950, -2) }])
})

it('a gap that goes on is as long as it is now', async () => {
  const clock = createManualClock()
  const laneOwners = new Map([[0, 'a']])
  await using watch = watchLaneGaps({ laneOwners }, clock)
  await clock.advance(100)
  laneOwners.clear()
  await clock.advance(2_000)
  expect(watch.gaps[0]?.ms).toBeGreaterThan(1_800)
})

it('counts anew from a kill, and keeps what was longer before', async () => {
  const clock = createManualClock()
  const laneOwners = new Map([[0, 'a']])
  await using watch = watchLaneGaps({ laneOwners }, clock)
  await clock.advance(100)
  laneOwners.clear()
  await clock.advance(1_000)
  watch.beginAnew()
  await clock.advance(500)
  const longest = watch.gaps[0]?.ms ?? 0
  expect(longest).toBeLessThan(1_001)
  await clock.advance(1_000)
  expect(watch.gaps[0]?.ms).toBeGreaterThan(longest)
})
