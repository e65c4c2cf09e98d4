import fc from 'fast-check'
import { expect, test } from 'vitest'
import { packed, unpacked } from './packed-item.ts'

const narrow = fc.string({
  unit: fc.integer({ min: 0, max: 0xff }).map((code) => String.fromCharCode(code)),
  maxLength: 40,
})
const image = fc.option(narrow, { nil: undefined })

test('what was packed is the same when it is unpacked', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), image, image, narrow, (createdAtMicros, before, after, eventId) => {
      const single = { eventId, newest: { createdAtMicros, left: after, before, after, others: [] } }
      const text = packed(single)
      expect(text).toBeTypeOf('string')
      expect(unpacked(text ?? '')).toEqual(single)
    }),
    { numRuns: 1_000 },
  )
})

const newest = { createdAtMicros: 1, left: 'a', before: 'b', after: 'a', others: [] }

test.each([
  ['an id of wider characters', { eventId: 'ń', newest }],
  ['an image of wider characters', { eventId: 'e', newest: { ...newest, before: 'ń' } }],
  ['several changes of one time', { eventId: 'e', newest: { ...newest, others: [{ before: 'c', after: 'b' }] } }],
  ['an item that was left elsewhere', { eventId: 'e', newest: { ...newest, left: 'c' } }],
  ['a time that is no whole number', { eventId: 'e', newest: { ...newest, createdAtMicros: 0.5 } }],
  ['a long id', { eventId: 'e'.repeat(5_000), newest }],
  ['a long image', { eventId: 'e', newest: { ...newest, left: 'a'.repeat(300), after: 'a'.repeat(300) } }],
])('%s is not packed', (_, single) => {
  expect(packed(single)).toBeUndefined()
})
