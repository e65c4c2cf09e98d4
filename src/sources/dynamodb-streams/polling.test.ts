import { describe, expect, it } from 'vitest'
import { seededRng } from '../../async/rng.ts'
import { defaultPolling, pollInterval } from './polling.ts'

const rng = seededRng(5)
const interval = (records: number, bytes: number, emptyPages: number): number =>
  pollInterval(defaultPolling, { records, bytes, emptyPages }, rng)

describe('pollInterval', () => {
  it('is nothing behind a full page, by records or by bytes', () => {
    expect(interval(1_000, 100_000, 0)).toBe(0)
    expect(interval(3, 950_000, 0)).toBe(0)
  })

  it('bounds the calls while there is a little, and over a short sparse stretch', () => {
    expect(interval(999, 100_000, 0)).toBe(220)
    expect(interval(0, 60, 1)).toBe(220)
    expect(interval(0, 60, 10)).toBe(220)
  })

  it('grows to one second, jittered, when idle', () => {
    const late = Array.from({ length: 200 }, () => interval(0, 60, 100))
    expect(Math.min(...late)).toBeGreaterThanOrEqual(500)
    expect(Math.max(...late)).toBeLessThanOrEqual(1_000)
    expect(new Set(late).size).toBeGreaterThan(150)
    expect(interval(0, 60, 11)).toBeLessThanOrEqual(400)
  })
})
