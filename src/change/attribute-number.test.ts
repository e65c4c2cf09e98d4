import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arbitraryDecimal, arbitraryNumber, jsonWritings } from '../../test/oracle/arbitrary-items.ts'
import { scaled } from '../../test/oracle/exact-json.ts'
import { canonicalNumber, compareDecimals, isJsonNumber, parseDecimal } from './attribute-number.ts'
import type { DecimalParts } from './attribute-number.ts'

const noParts: DecimalParts = { isNegative: false, digits: 'none', exponent: 0 }

describe('canonicalNumber', () => {
  it.each([
    ['2000', '2000'],
    ['2E3', '2000'],
    ['2d3', '2000'],
    ['2000.0', '2000'],
    ['+2000', '2000'],
    ['002000.', '2000'],
    ['0', '0'],
    ['-0', '0'],
    ['0E999', '0'],
    ['.5', '0.5'],
    ['-0.10', '-0.1'],
    ['1E-7', '0.0000001'],
    ['12345678901234567890123456789012345678', '12345678901234567890123456789012345678'],
    ['-1234567890.1234567890123456789012345678', '-1234567890.1234567890123456789012345678'],
    ['1E39', '1000000000000000000000000000000000000000'],
    ['-1E39', '-1E39'],
    ['1E40', '1E40'],
    ['9.99E+125', '9.99E125'],
    ['1E-130', '1E-130'],
    ['-1.50E-130', '-1.5E-130'],
  ])('writes %s as %s', (text, canonical) => {
    expect(canonicalNumber(text)).toBe(canonical)
  })

  it.each([
    '',
    '-',
    '.',
    'E5',
    'NaN',
    'Infinity',
    '0x10',
    '1 ',
    ' 1',
    '1e',
    '1e+',
    '1,5',
    '1_000',
    '--1',
    '1.2.3',
    '１',
  ])('knows that %j is no number', (text) => {
    expect(canonicalNumber(text)).toBeUndefined()
    expect(isJsonNumber(text)).toBe(false)
  })

  it('gives every writing of a number the same text, a JSON number of the same value', () => {
    fc.assert(
      fc.property(arbitraryDecimal, (decimal) => {
        const writings = jsonWritings(decimal)
        const texts = new Set(writings.map((writing) => canonicalNumber(writing)))
        expect(texts.size).toBe(1)
        for (const text of texts) {
          expect(isJsonNumber(text ?? '')).toBe(true)
          expect(scaled(text ?? '')).toBe(scaled(writings[0] ?? ''))
        }
      }),
    )
  })

  it('gives different numbers different texts, and orders numbers by value', () => {
    fc.assert(
      fc.property(arbitraryNumber, arbitraryNumber, (a, b) => {
        const order = scaled(a) - scaled(b)
        expect(canonicalNumber(a) === canonicalNumber(b)).toBe(order === 0n)
        const [left = noParts, right = noParts] = [parseDecimal(a), parseDecimal(b)]
        expect(Math.sign(compareDecimals(left, right)) + 0).toBe(Number(order > 0n) - Number(order < 0n))
      }),
    )
  })
})

describe('isJsonNumber', () => {
  it('agrees with JSON.parse', () => {
    const characters = fc.constantFrom('0', '1', '9', '-', '+', '.', 'e', 'E', ' ')
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: characters, maxLength: 24 }), arbitraryNumber), (text) => {
        expect(isJsonNumber(text)).toBe(!text.includes(' ') && parses(text))
      }),
      { numRuns: 2000 },
    )
  })
})

function parses(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'number'
  } catch {
    // Not JSON: that is the answer.
    return false
  }
}
