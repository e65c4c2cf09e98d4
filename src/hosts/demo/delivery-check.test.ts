import { expect, test } from 'vitest'
import { createDeliveryCheck, isExactlyOnce } from './delivery-check.ts'
import type { DeliveredChange, DeliveryResult, ItemWrite } from './delivery-check.ts'

const key = 'c001/o1'
/** Inserted, updated, deleted, inserted again. */
const history: readonly ItemWrite[] = [
  { rank: 2, after: 'one' },
  { rank: 4, after: 'two' },
  { rank: 5, after: null },
  { rank: 6, after: 'three' },
]
const other: readonly ItemWrite[] = [{ rank: 2, after: 'other' }]

const insert: DeliveredChange = { key, rank: 2, before: null, after: 'one', isRow: false, partition: 0, offset: 0n }
const update: DeliveredChange = { key, rank: 4, before: 'one', after: 'two', isRow: false, partition: 0, offset: 0n }
const remove: DeliveredChange = { key, rank: 5, before: 'two', after: null, isRow: false, partition: 0, offset: 0n }
const again: DeliveredChange = { key, rank: 6, before: null, after: 'three', isRow: false, partition: 0, offset: 0n }
const otherInsert: DeliveredChange = {
  key: 'c002/o1',
  rank: 2,
  before: null,
  after: 'other',
  isRow: false,
  partition: 1,
  offset: 0n,
}

const row: DeliveredChange = {
  key: 'stock/a1',
  rank: 2,
  before: null,
  after: 'tea',
  isRow: true,
  partition: 0,
  offset: 0n,
}

const good: DeliveryResult = {
  existing: 0,
  rows: 0,
  written: 5,
  delivered: 5,
  duplicated: 0,
  lost: 0,
  reordered: 0,
  phantom: 0,
  other: 0,
}

function resultOf(
  changes: readonly DeliveredChange[],
  existing: ReadonlyMap<string, ItemWrite> = new Map(),
): DeliveryResult {
  const check = createDeliveryCheck(
    new Map([
      [key, history],
      ['c002/o1', other],
    ]),
    existing,
  )
  for (const change of changes) check.add(change)
  return check.result()
}

test('every change once and in order is good, however partitions interleave', () => {
  expect(resultOf([insert, update, otherInsert, remove, again])).toEqual(good)
  expect(resultOf([otherInsert, insert, update, remove, again])).toEqual(good)
  expect(isExactlyOnce(good)).toBe(true)
})

test('answers that came in another order than the writes are no fault', () => {
  const check = createDeliveryCheck(new Map([[key, history.toReversed()]]), new Map())
  for (const change of [insert, update, remove, again]) check.add(change)
  expect(isExactlyOnce(check.result())).toBe(true)
})

test.each<[string, readonly DeliveredChange[], Partial<DeliveryResult>]>([
  [
    'a lost change, which the next one skips',
    [insert, remove, again, otherInsert],
    { delivered: 4, lost: 1, reordered: 1 },
  ],
  ['a lost last change', [insert, update, remove, otherInsert], { delivered: 4, lost: 1 }],
  ['a lost item', [insert, update, remove, again], { delivered: 4, lost: 1 }],
  ['a change that comes twice', [insert, update, update, remove, again, otherInsert], { delivered: 6, duplicated: 1 }],
  [
    'a change that comes again later',
    [insert, update, remove, again, otherInsert, insert],
    { delivered: 6, duplicated: 1 },
  ],
  ['two changes that changed places', [insert, remove, update, again, otherInsert], { reordered: 2 }],
  ['an item in two partitions', [insert, update, { ...remove, partition: 1 }, again, otherInsert], { reordered: 1 }],
  [
    'a change that nobody wrote',
    [insert, update, remove, again, otherInsert, { ...again, rank: 8 }],
    { delivered: 6, phantom: 1 },
  ],
  [
    'an item that nobody wrote',
    [insert, update, remove, again, otherInsert, { ...insert, key: 'c003/o1' }],
    { delivered: 6, phantom: 1 },
  ],
  [
    'a new image of another content',
    [insert, { ...update, after: 'ten' }, remove, again, otherInsert],
    { lost: 1, phantom: 1 },
  ],
  [
    'an old image of another content',
    [insert, { ...update, before: 'ten' }, remove, again, otherInsert],
    { lost: 1, phantom: 1 },
  ],
  [
    'an insert behind a delete with an old image',
    [insert, update, remove, { ...again, before: 'two' }, otherInsert],
    { lost: 1, phantom: 1 },
  ],
])('%s is found', (_name, changes, fault) => {
  const result = resultOf(changes)
  expect(result).toEqual({ ...good, ...fault })
  expect(isExactlyOnce(result)).toBe(false)
})

test('each item from before the stream has one row', () => {
  const changes = [insert, update, remove, again, otherInsert]
  const existing = new Map([['stock/a1', { rank: 2, after: 'tea' }]])
  const whole = resultOf([row, ...changes], existing)
  expect(whole).toEqual({ ...good, existing: 1, rows: 1 })
  expect(isExactlyOnce(whole)).toBe(true)
  for (const rows of [[], [row, row], [{ ...row, after: 'coffee' }]])
    expect(isExactlyOnce(resultOf([...rows, ...changes], existing))).toBe(false)
})
