import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EventIds } from './event-ids.ts'

test('does what a set does', () => {
  const id = fc.constantFrom('a', 'b', 'c')
  const step = fc.tuple(fc.constantFrom('add' as const, 'delete' as const), id)
  fc.assert(
    fc.property(fc.array(step, { size: 'max', maxLength: 20 }), (steps) => {
      const ids = new EventIds()
      const set = new Set<string>()
      for (const [action, value] of steps) {
        for (const one of [ids, set]) one[action](value)
        expect(ids.isEmpty).toBe(set.size === 0)
        for (const each of ['a', 'b', 'c']) expect(ids.has(each)).toBe(set.has(each))
      }
    }),
  )
})
