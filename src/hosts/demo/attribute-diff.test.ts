import { expect, test } from 'vitest'
import { describeDifference } from './attribute-diff.ts'
import { imageOfItem } from './image.ts'
import type { Image } from './image.ts'
import type { Item } from '../../change/attribute-value.ts'

const options = { hidden: ['id'], first: ['status', 'total'] }

function image(item: Item): Image {
  return imageOfItem({ id: { S: 'x' }, ...item })
}

test('an update shows what changed from what to what, and nothing else', () => {
  const before = image({ version: { N: '3' }, status: { S: 'paid' }, note: { S: 'same' } })
  const after = image({ note: { S: 'same' }, version: { N: '4' }, status: { S: 'packed' } })
  expect(describeDifference(before, after, options)).toBe('status "paid" → "packed", version 3 → 4')
})

test('an insert shows what there is, a delete what there was', () => {
  const item = image({ total: { N: '12.5' }, gift: { BOOL: true }, floor: { NULL: true }, lines: { L: [] } })
  const shown = 'total 12.5, floor null, gift true, lines (0 entries)'
  expect(describeDifference(null, item, options)).toBe(shown)
  expect(describeDifference(item, null, options)).toBe(shown)
})

test('attributes that come and go are named', () => {
  const before = image({ old: { M: { a: { N: '1' } } } })
  const after = image({ new: { SS: ['a', 'b'] } })
  expect(describeDifference(before, after, options)).toBe('new added: (2 entries), old removed: (1 field)')
})

test('long numbers show all digits once, and then how they end', () => {
  const before = image({ takings: { N: '1234567890123456789012345678901234.5678' } })
  const after = image({ takings: { N: '1234567890123456789012345678901246.5678' } })
  expect(describeDifference(before, after, options)).toBe(
    'takings 1234567890123456789012345678901234.5678 → …1246.5678',
  )
})

test('long text is shown by its beginning and length, line breaks escaped', () => {
  const after = image({ scan: { S: `line\n${'x'.repeat(300_000)}` } })
  expect(describeDifference(null, after, options)).toBe(String.raw`scan "line\nxxxxxxx…" (300,005 characters)`)
})
