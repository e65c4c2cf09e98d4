import { describe, expect, it } from 'vitest'
import { forecastChanges, isWorthForecasting } from './change-forecast.ts'

describe('how many changes may come', () => {
  it('follows from the partitions of a table that is billed by request', () => {
    const byRequest = { writeUnitsPerSecond: undefined }
    expect(forecastChanges(byRequest, 4)).toEqual({ changesPerSecond: 4_000, isOverCapacity: false })
    expect(forecastChanges(byRequest, 200)).toEqual({ changesPerSecond: 200_000, isOverCapacity: true })
  })

  it('is bounded by what is provisioned', () => {
    expect(forecastChanges({ writeUnitsPerSecond: 3_000 }, 200)).toEqual({
      changesPerSecond: 3_000,
      isOverCapacity: false,
    })
    expect(forecastChanges({ writeUnitsPerSecond: 90_000 }, 200).isOverCapacity).toBe(true)
  })

  it('is asked only for tables whose scan takes a while', () => {
    expect(isWorthForecasting({ items: 999_999 })).toBe(false)
    expect(isWorthForecasting({ items: 1_000_000 })).toBe(true)
  })
})
