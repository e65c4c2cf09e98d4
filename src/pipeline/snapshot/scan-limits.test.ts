import { describe, expect, it } from 'vitest'
import { createManualClock } from '../../testing/manual-clock.ts'
import { createTablePace, noScanLimits, untilOpen } from './scan-limits.ts'
import type { ScanLimits } from './scan-limits.ts'

const minute = 60_000
const hour = 60 * minute
const at = (hours: number, minutes: number): number => Date.UTC(2026, 10, 26, hours, minutes)
const never = new AbortController().signal

describe('a window of the day', () => {
  it.each([
    ['inside', { fromMinute: 60, toMinute: 120 }, at(1, 30), 0],
    ['at its beginning', { fromMinute: 60, toMinute: 120 }, at(1, 0), 0],
    ['at its end', { fromMinute: 60, toMinute: 120 }, at(2, 0), 23 * hour],
    ['before it', { fromMinute: 60, toMinute: 120 }, at(0, 30), 30 * minute],
    ['over midnight, before', { fromMinute: 1320, toMinute: 360 }, at(23, 0), 0],
    ['over midnight, behind', { fromMinute: 1320, toMinute: 360 }, at(5, 59), 0],
    ['between', { fromMinute: 1320, toMinute: 360 }, at(12, 0), 10 * hour],
    ['of a whole day', { fromMinute: 30, toMinute: 30 }, at(12, 0), 0],
  ])('%s', (_, window, nowMs, waitMs) => {
    expect(untilOpen(window, nowMs)).toBe(waitMs)
  })
})

describe("a table's pace", () => {
  const paceOf = (limits: Partial<ScanLimits>, verdict: () => 'go' | 'pause' = () => 'go') => {
    const clock = createManualClock(at(0, 0))
    const asked: string[] = []
    let provisioned: number | undefined = 400
    const source = {
      tableSize: (name: string) => {
        asked.push(name)
        return Promise.resolve({ items: 0, bytes: 0, readUnitsPerSecond: provisioned, writeUnitsPerSecond: undefined })
      },
    }
    const pace = createTablePace({ source, clock, limits: { ...noScanLimits, ...limits }, gate: { verdict } }, 'orders')
    return { clock, asked, pace, provision: (units: number | undefined) => (provisioned = units) }
  }

  it('takes a share of what is provisioned, and looks at it again after a minute', async () => {
    const { clock, asked, pace, provision } = paceOf({ capacity: { kind: 'share', share: 0.5 } })
    const first = await pace.begin(never)
    expect(first.limit).toBe(50)
    first.end({ items: 50, units: 50, throttles: 0 })
    await clock.advance(1_000)
    await pace.begin(never)
    expect(asked).toEqual(['orders'])
    provision(undefined)
    await clock.advance(61_000)
    expect((await pace.begin(never)).limit).toBeUndefined()
    expect(asked.length).toBe(2)
  })

  it('waits for its window and for its gate', async () => {
    let verdict: 'go' | 'pause' = 'pause'
    const { clock, pace } = paceOf({ window: { fromMinute: 10, toMinute: 20 } }, () => verdict)
    let hasBegun = false
    const beginning = pace.begin(never).then(() => (hasBegun = true))
    await clock.advance(10 * minute)
    expect(hasBegun).toBe(false)
    verdict = 'go'
    await clock.advance(1_000)
    await beginning
    expect(hasBegun).toBe(true)
  })
})
