import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { arbitraryItem } from '../../../test/oracle/arbitrary-items.ts'
import type { Item } from '../../change/attribute-value.ts'
import { createFitter } from '../../serialize/fit/fit-document.ts'
import { inferShape } from './infer-shape.ts'
import { observeItems } from './observed.ts'
import { typescriptType } from './typescript-type.ts'

const target = { name: 'shop.orders.Value', keys: ['pk'] }

/** Items that resemble each other, and have no text that UTF-8 cannot hold. */
const samples: fc.Arbitrary<readonly Item[]> = fc
  .array(fc.tuple(arbitraryItem, fc.constantFrom('a', 'b', 'c'), fc.nat(3)), { minLength: 1, maxLength: 8 })
  .map((drawn) =>
    drawn.map(([item, name, number]): Item => ({
      ...item,
      [name]: { M: item },
      n: { N: String(number / 2) },
      pk: { S: name },
    })),
  )
  .filter((items) => !/\\ud[89a-f]/i.test(JSON.stringify(items)))

test('every item of a sample fits into the shape that was inferred from it, exactly', () => {
  fc.assert(
    fc.property(samples, (items) => {
      const shape = inferShape(observeItems(items), target)
      const options = { evolution: 'strict', roundsNumbers: false, json: 'dynamodb', numbers: 'exact' } as const
      const fitter = createFitter({ ...shape, rest: undefined }, options)
      for (const item of items) expect(fitter.fit(item)).toHaveLength(shape.fields.length)
    }),
  )
})

test('the order of the items changes nothing', () => {
  fc.assert(
    fc.property(samples, fc.infiniteStream(fc.nat()), (items, chance) => {
      const places = new Map(items.map((item) => [item, chance.next().value]))
      const shuffled = items.toSorted((a, b) => (places.get(a) ?? 0) - (places.get(b) ?? 0))
      const [one, other] = [observeItems(items), observeItems(shuffled)]
      expect(inferShape(other, target)).toStrictEqual(inferShape(one, target))
      expect(typescriptType(other, target)).toBe(typescriptType(one, target))
    }),
  )
})
