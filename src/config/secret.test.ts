import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { Secret } from './secret.ts'

describe('Secret', () => {
  const secret = new Secret('canary-1')

  it.each([
    ['String()', String(secret)],
    ['JSON.stringify', JSON.stringify({ secret })],
    ['inspect', inspect({ secret }, { showHidden: true, depth: 9 })],
    ['inspect without custom', inspect(secret, { customInspect: false, showHidden: true })],
    ['Object.entries', JSON.stringify(Object.entries(secret))],
    ['structuredClone', inspect(structuredClone(secret))],
    ['concatenation', `a${secret.toString()}`],
  ])('does not show its text by %s', (_, shown) => {
    expect(shown).not.toContain('canary-1')
  })

  it('gives its text when asked', () => {
    expect(secret.reveal()).toBe('canary-1')
    expect(JSON.stringify(secret)).toBe('"[hidden]"')
  })
})
