import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EventIds } from './event-ids.ts'

test('are those of a list without repeats, first in, first out', () => {
  const id = fc.constantFrom('a', 'b', 'c')
  const step = fc.oneof(id, fc.constant(undefined))
  fc.assert(
    fc.property(fc.array(step, { size: 'max', maxLength: 20 }), (steps) => {
      const ids = new EventIds()
      let list: string[] = []
      for (const added of steps) {
        if (added === undefined) {
          expect(ids.shift()).toBe(list[0])
          list = list.slice(1)
        } else {
          ids.add(added)
          if (!list.includes(added)) list.push(added)
        }
        expect(ids.isEmpty).toBe(list.length === 0)
        expect(ids.only).toBe(list.length === 1 ? list[0] : undefined)
        for (const each of ['a', 'b', 'c']) expect(ids.has(each)).toBe(list.includes(each))
      }
    }),
  )
})
