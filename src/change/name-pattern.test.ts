import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isNamePattern, matchesNamePattern } from './name-pattern.ts'

describe('matchesNamePattern', () => {
  it.each([
    ['orders', 'orders', true],
    ['orders', 'orders2', false],
    ['billing-*', 'billing-', true],
    ['billing-*', 'billing-2026', true],
    ['*-eu', 'billing-eu', true],
    ['*-eu', 'billing-eu-2', false],
    ['a*b*c', 'axxbyyc', true],
    ['a*b*c', 'aXbXbXc', true],
    ['a*b*c', 'aXcXb', false],
    ['*-events', 'a-events-b-events', true],
    ['prod-*', 'production', false],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['', '', true],
    ['', 'a', false],
    ['*', '', true],
    ['a.c', 'abc', false],
  ])('%s against %s: %s', (pattern, text, expected) => {
    expect(matchesNamePattern(pattern, text)).toBe(expected)
  })

  it('agrees with the regular expression that it stands for', () => {
    const characters = fc.constantFrom('a', 'b', '-')
    const text = fc.string({ unit: characters, maxLength: 12 })
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '-', '*', '?'), maxLength: 8 })
    fc.assert(
      fc.property(pattern, text, (glob, subject) => {
        const expression = new RegExp(`^${glob.replaceAll('*', '.*').replaceAll('?', '.')}$`)
        expect(matchesNamePattern(glob, subject)).toBe(expression.test(subject))
      }),
    )
  })

  it('is quick for patterns that would make a backtracking matcher hang', () => {
    const startedAt = performance.now()
    for (let length = 1; length <= 200; length++) {
      expect(matchesNamePattern(`${'a*'.repeat(length)}b`, 'a'.repeat(500))).toBe(false)
    }
    expect((performance.now() - startedAt) / 200).toBeLessThan(50)
  })

  it('knows a pattern from a name', () => {
    expect(isNamePattern('a*')).toBe(true)
    expect(isNamePattern('a.b-c_1')).toBe(false)
  })
})
