import { describe, expect, it } from 'vitest'
import { createManualClock } from '../../testing/manual-clock.ts'
import { createMakingTime } from './making-time.ts'

const setUp = () => {
  const clock = createManualClock(1_000_000)
  const making = createMakingTime(clock)
  making.noteSubscription(clock.now())
  /** The reader rests for `pauseMs`, then waits for an event, which comes after `quietMs`. */
  const take = async (pauseMs: number, quietMs: number): Promise<number> => {
    await clock.advance(pauseMs)
    making.beginWait()
    await clock.advance(quietMs)
    return clock.now() - making.madeAfterMs(quietMs)
  }
  return { clock, making, take }
}

describe('when an event was made', () => {
  it('is at least known to be behind the subscription', async () => {
    const { take } = setUp()
    expect(await take(0, 0)).toBe(0)
    expect(await take(2_000, 10)).toBe(2_010)
  })

  it('follows an idle shard closely', async () => {
    const { take } = setUp()
    const ages: number[] = []
    for (let event = 0; event < 100; event++) ages.push(await take(10, 5_000))
    expect(new Set(ages)).toEqual(new Set([5_000]))
  })

  it('does not follow events that may have lain in the connection', async () => {
    const { take } = setUp()
    expect(await take(0, 3_000)).toBe(3_000)
    expect(await take(60_000, 0)).toBe(63_000)
    for (let event = 0; event < 10; event++) await take(0, 1)
    expect(await take(0, 400)).toBe(63_410)
    // Only now the connection has shown to be empty.
    expect(await take(0, 5_000)).toBe(5_000)
    // The service may have been held up during the pause, and sent late what it had made early.
    expect(await take(60_000, 900)).toBe(65_900)
  })

  it('never lies in the future, nor goes back with a new subscription', async () => {
    const { clock, making, take } = setUp()
    making.noteSubscription(clock.now() + 60_000)
    expect(await take(0, 10)).toBe(0)
    making.noteSubscription(clock.now() - 60_000)
    expect(await take(0, 10)).toBe(0)
  })
})
