import { describe, expect, it } from 'vitest'
import type { Item } from '../../src/change/attribute-value.ts'
import { makeHistory } from '../oracle/declared-history.ts'
import { isItemRead } from '../oracle/read-values.ts'
import { compareHistory, expectedChanges } from './compare-history.ts'
import type { ReadChange } from './compare-history.ts'
import { isClean } from './judge.ts'
import type { Comparison } from './judge.ts'

const history = makeHistory(7, 400)
const expected = expectedChanges(history)
const same = (read: unknown, item: Item): boolean => JSON.stringify(read) === JSON.stringify(item)

describe('a comparison of a history with what was read', () => {
  it('is clean if all was read', () => {
    const comparison = compare(expected)
    expect(comparison).toMatchObject({ changes: 400, equalChanges: 400, extraRows: 0, difference: undefined })
    expect(comparison.rows).toBe(history.rows.size)
    expect(comparison.rows).toBeGreaterThan(10)
    expect(verdictOf(comparison)).toBe(true)
  })

  it.each<[string, readonly ReadChange[]]>([
    ['one is missing', expected.slice(1)],
    ['the last one is missing', expected.slice(0, -1)],
    ['one comes twice', [...expected.slice(0, 9), ...expected.slice(8)]],
    ['one is one too many', [...expected, { identity: 'nobody', isGone: false, row: {} }]],
    ['two have changed places', [...expected.slice(0, -2), ...expected.slice(-2).toReversed()]],
    ['a value differs', expected.map((change, index) => (index === 50 ? { ...change, row: { pk: 'other' } } : change))],
    ['a delete is read as a row', expected.map((change) => ({ ...change, isGone: false }))],
  ])('is not if %s', (_, reads) => {
    const comparison = compare(reads)
    expect(verdictOf(comparison)).toBe(false)
    expect(comparison.difference).toBeDefined()
  })
})

describe('a value that was read', () => {
  const form = { numbers: 'text', binaries: 'base64', nested: 'values' } as const
  const item: Item = Object.fromEntries([
    ['n', { N: '12345678901234567890.12345678901234567' }],
    ['s', { SS: ['b', 'a'] }],
    ['m', { M: { l: { L: [{ BOOL: true }, { NULL: true }, { B: 'AAEC' }] } } }],
    ['__proto__', { S: 'own' }],
  ])
  const read = (changed: Readonly<Record<string, unknown>>): unknown =>
    Object.fromEntries(
      Object.entries({
        n: '12345678901234567890.12345678901234567',
        s: ['a', 'b'],
        m: { l: [true, null, 'AAEC'] },
        ['__proto__']: 'own',
        ...changed,
      }),
    )

  it('is the item if every value is', () => {
    expect(isItemRead(read({}), item, form)).toBe(true)
    expect(isItemRead(read({ n: '1234567890123456789012345678901234567E-17' }), item, form)).toBe(true)
  })

  it.each([
    { n: '12345678901234567890.12345678901234568' },
    { n: '12345678901234567000' },
    { n: { number: '12345678901234567890.12345678901234567' } },
    { s: ['b', 'a'] },
    { s: ['a'] },
    { m: { l: [true, null] } },
    { m: { l: [true, false, 'AAEC'] } },
    { m: '{"l":[true,null,"AAEC"]}' },
    { ['__proto__']: 'other' },
    { more: 1 },
  ])('is another one with %j', (changed) => {
    expect(isItemRead(read(changed), item, form)).toBe(false)
  })
})

function compare(reads: readonly ReadChange[]): Comparison {
  return compareHistory(history, expected, reads, same)
}

function verdictOf(comparison: Comparison): boolean {
  return isClean({ judge: '', records: 0, exceptions: 0, passThroughs: 0, comparison, complaint: undefined })
}
