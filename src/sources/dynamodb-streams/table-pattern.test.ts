import { expect, it } from 'vitest'
import { isTablePattern, matchesTablePattern } from './table-pattern.ts'

it.each([
  ['*', 'anything', true],
  ['orders', 'orders', true],
  ['orders', 'orders-2', false],
  ['prod-*', 'prod-', true],
  ['prod-*', 'production', false],
  ['*-events', 'a-events-b-events', true],
  ['*-events', 'a-events-b', false],
  ['a?c', 'abc', true],
  ['a?c', 'ac', false],
  ['a*b*c', 'aXbXbXc', true],
  ['a*b*c', 'aXcXb', false],
  ['a.c', 'abc', false],
  ['', '', true],
  ['', 'a', false],
])('%s and %s: %s', (pattern, name, expected) => {
  expect(matchesTablePattern(pattern, name)).toBe(expected)
})

it('a hostile pattern takes no time', () => {
  const startedAt = performance.now()
  expect(matchesTablePattern(`${'*a'.repeat(100)}b`, 'a'.repeat(255))).toBe(false)
  expect(performance.now() - startedAt).toBeLessThan(50)
})

it('tells names from patterns', () => {
  expect(['orders', 'arn:aws:dynamodb:r:1:table/orders', 'o*', 'o?'].map(isTablePattern)).toEqual([
    false,
    false,
    true,
    true,
  ])
})
