import { describe, expect, it } from 'vitest'
import { estimateSnapshot } from './snapshot-estimate.ts'

const size = { items: 1_000_000, bytes: 4_096_000_000, readUnitsPerSecond: undefined, writeUnitsPerSecond: undefined }

describe('what a snapshot would take', () => {
  it('costs a unit for each 4 KB where requests are billed, and is bounded by nothing if nothing bounds it', () => {
    const config = { capacity: { kind: 'unlimited' }, itemsPerSecond: undefined } as const
    expect(estimateSnapshot('orders', size, config, { usdPerMillion: 0.125, openShards: 3 })).toEqual({
      table: 'orders',
      items: 1_000_000,
      bytes: 4_096_000_000,
      units: 1_000_000,
      unitsPerSecond: null,
      ms: null,
      changesPerSecond: 3_000,
      isOverCapacity: false,
      usd: 0.125,
    })
  })

  it('takes as long as the slower of two bounds lets it', () => {
    const capacity = { kind: 'units', perSecond: 500 } as const
    expect(
      estimateSnapshot('t', size, { capacity, itemsPerSecond: 1_000 }, { usdPerMillion: 1, openShards: 3 }).ms,
    ).toBe(2_000_000)
    expect(estimateSnapshot('t', size, { capacity, itemsPerSecond: 100 }, { usdPerMillion: 1, openShards: 3 }).ms).toBe(
      10_000_000,
    )
  })

  it('takes a share of what is provisioned, which is paid for anyway; by request there is nothing to share', () => {
    const config = { capacity: { kind: 'share', share: 0.5 }, itemsPerSecond: undefined } as const
    const provisioned = { ...size, readUnitsPerSecond: 2_000 }
    expect(estimateSnapshot('t', provisioned, config, { usdPerMillion: 1, openShards: 3 })).toMatchObject({
      unitsPerSecond: 1_000,
      ms: 1_000_000,
      usd: 0,
    })
    expect(estimateSnapshot('t', size, config, { usdPerMillion: 1, openShards: 3 })).toMatchObject({
      unitsPerSecond: null,
      ms: null,
      usd: 1,
    })
  })
})
