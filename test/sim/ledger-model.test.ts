import { describe, expect, it } from 'vitest'
import { runLedgerModel } from './ledger-model.ts'
import type { Planted } from './ledger-model.ts'

const firstFailure = (planted: Planted, seeds: number): string | undefined => {
  for (let seed = 0; seed < seeds; seed++) {
    try {
      runLedgerModel(seed, planted)
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }
  return undefined
}

describe('the ledger protocol as a random model over the real fold, hand-over and discovery code', () => {
  it('loses, repeats and reorders nothing, with crashes around every commit and with compaction', () => {
    let records = 0
    for (let seed = 0; seed < 300; seed++) records += runLedgerModel(seed).records
    expect(records).toBeGreaterThan(30_000)
  }, 60_000)

  it.each<[string, Planted]>([
    ['reading only to the last stable offset', { reading: 'last-stable' }],
    ['the last write wins', { fold: 'last-write-wins' }],
    ['table entries lane by lane', { tables: 'lane-by-lane' }],
    ['discovery without its gate', { discovery: 'without-gate' }],
  ])(
    'fails when a rule is taken away: %s',
    (_, planted) => {
      expect(firstFailure(planted, 150)).toBeDefined()
    },
    60_000,
  )
})
