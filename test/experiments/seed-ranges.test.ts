import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { countSeeds, formatSeeds, joinSeeds, parseSeeds, seedsWithin, spanOfSeeds } from './seed-ranges.ts'

describe('ranges of seeds', () => {
  it('are written as short as they can be', () => {
    expect(
      formatSeeds([
        [4, 4],
        [1, 2],
        [3, 3],
        [9, 9],
      ]),
    ).toBe('1-4,9')
    expect(parseSeeds('1-4,9')).toEqual([
      [1, 4],
      [9, 9],
    ])
    expect(parseSeeds('')).toEqual([])
  })
  it.each(['1-', '4-2', '1,2', '2,1', '1-3,3', 'x', '1 - 2', '01', '-1', ','])('refuse %s', (text) => {
    expect(() => parseSeeds(text)).toThrow('seeds')
  })
  it('say what of them is within a range', () => {
    expect(seedsWithin(parseSeeds('1-4,9,20-30'), [3, 22])).toEqual([
      [3, 4],
      [9, 9],
      [20, 22],
    ])
    expect(seedsWithin(parseSeeds('1-4'), [5, 8])).toEqual([])
    expect(spanOfSeeds(parseSeeds('3-4,9'))).toEqual([3, 9])
    expect(spanOfSeeds([])).toBeUndefined()
  })
  it('are sets: joining counts each seed once or throws', () => {
    const some = fc.uniqueArray(fc.nat(40))
    fc.assert(
      fc.property(some, some, (a, b) => {
        const ranges = (seeds: readonly number[]) => seeds.map((seed) => [seed, seed] as const)
        if (a.some((seed) => b.includes(seed))) {
          expect(() => joinSeeds(ranges(a), ranges(b))).toThrow('overlap')
          return
        }
        const joined = joinSeeds(ranges(a), ranges(b))
        expect(countSeeds(joined)).toBe(a.length + b.length)
        expect(parseSeeds(formatSeeds(joined))).toEqual(joined)
        for (const seed of [...a, ...b]) expect(seedsWithin(joined, [seed, seed])).toHaveLength(1)
      }),
    )
  })
})
