import { describe, expect, it } from 'vitest'
import { runSeeds, seedsFrom } from './run-seeds.ts'

const blocks = 10
const seedsInBlock = 50

describe('transactions V1 under every kind of fault', () => {
  it.each(Array.from({ length: blocks }, (_, block) => 20_000 + block * seedsInBlock))(
    'loses, repeats and reorders nothing (50 seeds from %i)',
    async (first) => {
      const { failures, records, kills } = await runSeeds(seedsFrom(first, seedsInBlock), {
        delivery: 'exactly_once',
        transactionVersion: 1,
      })
      expect(failures).toEqual([])
      // Zero of nothing would prove nothing.
      expect(records).toBeGreaterThan(5_000)
      expect(kills).toBeGreaterThan(20)
    },
    180_000,
  )
})
