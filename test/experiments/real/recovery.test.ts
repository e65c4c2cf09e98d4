import { describe, expect, it } from 'vitest'
import { recoveriesFrom } from './recovery.ts'
import type { LagSample } from './recovery.ts'

describe('recovery after faults', () => {
  const lag: readonly LagSample[] = [
    [0, 0],
    [1, 4.9],
    [2, 5],
    [3, 7],
    [4, 1],
    [5, 9],
  ]

  it('ends at the first look with less than five seconds of lag', () => {
    expect(recoveriesFrom(lag, [1_500])).toEqual([2_500])
  })

  it('is the time to the next look where nothing was late', () => {
    expect(recoveriesFrom(lag, [400, 1_000])).toEqual([600, 0])
  })

  it('is unknown where lag stayed', () => {
    expect(recoveriesFrom(lag, [4_001])).toEqual([undefined])
    expect(recoveriesFrom([], [0])).toEqual([undefined])
  })

  it('is told for each of several moments by itself', () => {
    expect(recoveriesFrom(lag, [0, 2_000, 2_900, 5_000])).toEqual([0, 2_000, 1_100, undefined])
  })
})
