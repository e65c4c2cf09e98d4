import { expect, test } from 'vitest'
import { createWriteLedger } from './write-ledger.ts'

test('a change is joined with its write, whichever is known first', () => {
  const ledger = createWriteLedger()
  ledger.write({ key: 'a', rank: 2, after: 'x', sentMs: 100 })
  ledger.see({ key: 'a', rank: 2, seenMs: 130 })
  ledger.see({ key: 'a', rank: 4, seenMs: 180 })
  expect(ledger.latencyMs('a', 4)).toBeUndefined()
  ledger.write({ key: 'a', rank: 4, after: 'y', sentMs: 170 })
  expect([ledger.latencyMs('a', 2), ledger.latencyMs('a', 4)]).toEqual([30, 10])
  expect([ledger.written, ledger.seen]).toEqual([2, 2])
})

test('a change that is seen again counts once, with its first time', () => {
  const ledger = createWriteLedger()
  ledger.write({ key: 'a', rank: 2, after: 'x', sentMs: 100 })
  ledger.see({ key: 'a', rank: 2, seenMs: 130 })
  ledger.see({ key: 'a', rank: 2, seenMs: 900 })
  expect([ledger.seen, ledger.latencyMs('a', 2)]).toEqual([1, 30])
})

test('a change that nobody wrote is not counted as delivered', () => {
  const ledger = createWriteLedger()
  ledger.see({ key: 'a', rank: 2, seenMs: 130 })
  expect([ledger.written, ledger.seen]).toEqual([0, 0])
})

test('quantiles are of what was seen', () => {
  const ledger = createWriteLedger()
  expect(ledger.quantilesMs([0.5])).toEqual([null])
  for (let rank = 1; rank <= 100; rank++) {
    ledger.write({ key: 'a', rank, after: 'x', sentMs: 0 })
    ledger.see({ key: 'a', rank, seenMs: rank })
  }
  ledger.write({ key: 'a', rank: 101, after: 'x', sentMs: 0 })
  expect(ledger.quantilesMs([0.5, 0.99, 1])).toEqual([50, 99, 100])
})
