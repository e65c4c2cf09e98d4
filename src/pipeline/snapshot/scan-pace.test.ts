import { describe, expect, it } from 'vitest'
import { seededRng } from '../../async/rng.ts'
import { createManualClock } from '../../testing/manual-clock.ts'
import { createScanPace } from './scan-pace.ts'
import type { ScanRates } from './scan-pace.ts'

/** A service with `segments` readers whose items cost what `unitsOf` says; gives what was consumed in each second. */
const consume = async (parts: {
  readonly rates: (second: number) => ScanRates
  readonly segments: number
  readonly seconds: number
  readonly unitsPerItem: () => number
  readonly latencyMs: () => number
  readonly throttles?: (second: number) => number
}): Promise<{ readonly items: number[]; readonly units: number[] }> => {
  const clock = createManualClock()
  const second = (): number => Math.floor(clock.monotonic() / 1000)
  const pace = createScanPace(clock, () => Promise.resolve(parts.rates(second())))
  const items = Array.from({ length: parts.seconds + 5 }, () => 0)
  const units = [...items]
  const stop = new AbortController()
  const readOn = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const turn = await pace.begin(stop.signal)
      await clock.sleep(parts.latencyMs(), stop.signal)
      const count = Math.min(turn.limit ?? 1_000, 1_000)
      let cost = 0
      for (let item = 0; item < count; item++) cost += parts.unitsPerItem()
      items[second()] = (items[second()] ?? 0) + count
      units[second()] = (units[second()] ?? 0) + cost
      turn.end({ items: count, units: cost, throttles: parts.throttles?.(second()) ?? 0 })
    }
  }
  const readers = Array.from({ length: parts.segments }, () => readOn().catch(() => undefined))
  for (let ms = 0; ms < parts.seconds * 1000; ms += 10) await clock.advance(10)
  stop.abort(new Error('over'))
  await Promise.all(readers)
  return { items: items.slice(0, parts.seconds), units: units.slice(0, parts.seconds) }
}

/** Sums over every window of ten seconds, without the first seconds, in which costs are learned. */
const tenSeconds = (perSecond: readonly number[]): readonly number[] =>
  perSecond
    .slice(0, -10)
    .map((_, from) => perSecond.slice(from, from + 10).reduce((a, b) => a + b, 0))
    .slice(5)

describe('the pace of a scan', () => {
  it.each([1, 4, 16])('keeps to items per second within 5 %% over any ten seconds (%i segments)', async (segments) => {
    const rng = seededRng(segments)
    const { items } = await consume({
      rates: () => ({ itemsPerSecond: 2_000, unitsPerSecond: undefined }),
      segments,
      seconds: 60,
      unitsPerItem: () => 1,
      latencyMs: () => 5 + rng.next() * 40,
    })
    for (const sum of tenSeconds(items)) expect(Math.abs(sum / 20_000 - 1)).toBeLessThan(0.05)
  })

  it.each([
    [50, 1],
    [50, 8],
    [3_000, 4],
  ])('keeps to %i read units per second, whatever items cost (%i segments)', async (rate, segments) => {
    const rng = seededRng(rate + segments)
    const { units } = await consume({
      rates: () => ({ itemsPerSecond: undefined, unitsPerSecond: rate }),
      segments,
      seconds: 60,
      unitsPerItem: () => 0.1 + rng.next() * 0.9,
      latencyMs: () => 5 + rng.next() * 40,
    })
    for (const sum of tenSeconds(units)) expect(Math.abs(sum / (rate * 10) - 1)).toBeLessThan(0.05)
  })

  it('follows a rate that changes, and gives way to throttles', async () => {
    const { items } = await consume({
      rates: (second) => ({ itemsPerSecond: second < 20 ? 1_000 : 200, unitsPerSecond: undefined }),
      segments: 4,
      seconds: 90,
      unitsPerItem: () => 1,
      latencyMs: () => 10,
      throttles: (second) => (second >= 40 && second < 50 ? 1 : 0),
    })
    const sum = (from: number, to: number): number => items.slice(from, to).reduce((a, b) => a + b, 0)
    expect(Math.abs(sum(25, 35) / 2_000 - 1)).toBeLessThan(0.05)
    expect(sum(44, 50)).toBeLessThan(0.6 * 6 * 200)
    expect(Math.abs(sum(75, 85) / 2_000 - 1)).toBeLessThan(0.05)
  })

  it('does not wait where nothing is bounded', async () => {
    const clock = createManualClock()
    const pace = createScanPace(clock, () => Promise.resolve({ itemsPerSecond: undefined, unitsPerSecond: undefined }))
    for (let page = 0; page < 100; page++) {
      const turn = await pace.begin(new AbortController().signal)
      expect(turn.limit).toBeUndefined()
      turn.end({ items: 1_000, units: 256, throttles: 0 })
    }
    expect(clock.monotonic()).toBe(0)
  })
})
