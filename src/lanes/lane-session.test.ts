import { describe, expect, it } from 'vitest'
import { transactionalIdOf } from './lane-session.ts'

describe('transactionalIdOf', () => {
  it('gives every lane of every pipeline an id of its own', () => {
    const ids = ['shop', 'shop-2', 'bills'].flatMap((pipeline) =>
      [0, 1, 11].map((lane) => transactionalIdOf(pipeline, lane)),
    )
    expect(new Set(ids).size).toBe(ids.length)
  })
  it('never changes: the same lane must fence its older owners, also those of older versions', () => {
    expect(transactionalIdOf('shop', 3)).toBe('tailrace.shop.3')
  })
})
