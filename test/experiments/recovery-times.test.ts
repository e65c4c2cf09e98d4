import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { joinRecoveryTimes, recoveryTimesOf } from './recovery-times.ts'

describe('recovery times', () => {
  it('are at most an eighth above the truth, and the greatest is exact', () => {
    const times = Array.from({ length: 1_000 }, (_, index) => 100 + index)
    const { count, p50, p90, p99, max } = recoveryTimesOf(times)
    expect({ count, max }).toEqual({ count: 1_000, max: 1_099 })
    for (const [found, exact] of [
      [p50, 599],
      [p90, 999],
      [p99, 1_089],
    ] as const) {
      expect(found).toBeGreaterThanOrEqual(exact)
      expect(found).toBeLessThanOrEqual(exact * 1.125)
    }
  })
  it('count fifteen seconds exactly', () => {
    expect(recoveryTimesOf([0, 14_999, 15_000, 15_001]).within15s).toBe(3)
  })
  it('are null without a recovery', () => {
    expect(recoveryTimesOf([])).toEqual({
      count: 0,
      p50: null,
      p90: null,
      p99: null,
      max: null,
      within15s: 0,
      histogram: {},
    })
  })
  it('refuse what is no duration that a run can have', () => {
    expect(() => recoveryTimesOf([2e9])).toThrow('beyond')
  })
  it('are the same however the runs are split', () => {
    const some = fc.array(fc.integer({ min: 0, max: 100_000_000 }))
    fc.assert(
      fc.property(some, some, (a, b) => {
        expect(joinRecoveryTimes(recoveryTimesOf(a), recoveryTimesOf(b))).toEqual(recoveryTimesOf([...a, ...b]))
      }),
    )
  })
})
