import { describe, expect, it } from 'vitest'
import { missingTag, parseTagCondition, tagConditionText } from './table-tags.ts'

describe('parseTagCondition', () => {
  it('reads a key, and a key with values', () => {
    expect(parseTagCondition('cdc')).toEqual({ key: 'cdc', values: undefined })
    expect(parseTagCondition('team=orders|billing')).toEqual({ key: 'team', values: ['orders', 'billing'] })
    expect(parseTagCondition('a:b/c=x=y')).toEqual({ key: 'a:b/c', values: ['x=y'] })
    expect(parseTagCondition('empty=')).toEqual({ key: 'empty', values: [''] })
  })

  it('refuses what no tag can be', () => {
    const tooMany = `k=${Array.from({ length: 21 }, (_, i) => i).join('|')}`
    for (const text of ['', '=v', 'a,b', 'k=a;b', 'k'.repeat(129), `k=${'v'.repeat(257)}`, tooMany])
      expect(parseTagCondition(text), text).toBeUndefined()
  })

  it('is written as it is read', () => {
    for (const text of ['cdc', 'team=a|b', 'e='])
      expect(tagConditionText(parseTagCondition(text) ?? { key: '', values: undefined })).toBe(text)
  })
})

describe('missingTag', () => {
  const conditions = ['cdc', 'team=a|b'].flatMap((text) => parseTagCondition(text) ?? [])
  const lacking = (tags: Record<string, string>): string | undefined =>
    missingTag(new Map(Object.entries(tags)), conditions)?.key

  it('names the first condition that does not hold', () => {
    expect(lacking({ cdc: '', team: 'b' })).toBeUndefined()
    expect(lacking({ team: 'a' })).toBe('cdc')
    expect(lacking({ cdc: 'x' })).toBe('team')
    expect(lacking({ cdc: 'x', team: 'c' })).toBe('team')
    // Keys and values are case-sensitive.
    expect(lacking({ CDC: 'x', team: 'a' })).toBe('cdc')
    expect(lacking({ cdc: 'x', team: 'A' })).toBe('team')
  })
})
