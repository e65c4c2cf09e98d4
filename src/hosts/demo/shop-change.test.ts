import { expect, test } from 'vitest'
import type { Item } from '../../change/attribute-value.ts'
import { digestOfImage, imageOfItem } from './image.ts'
import { rankOfDelete, rankOfVersion, readShopChange } from './shop-change.ts'
import type { FetchedRecord } from '../../kafka/kafka.ts'

const item: Item = {
  customer: { S: 'c001' },
  order: { S: 'o1' },
  version: { N: '3' },
  exchangeRate: { N: '1.0837465092817364509281736450928173645' },
  takings: { N: '1234567890123456789012345678901234.5678' },
  lines: { L: [{ M: { sku: { S: 'cup-100' }, quantity: { N: '2' } } }] },
  address: { M: { floor: { NULL: true } } },
  isGift: { BOOL: false },
  labels: { SS: ['gift', 'express'] },
}
const text =
  '{"isGift":false,"labels":["express","gift"],"address":{"floor":null},"lines":[{"quantity":2,"sku":"cup-100"}],' +
  '"takings":1234567890123456789012345678901234.5678,"exchangeRate":1.0837465092817364509281736450928173645,' +
  '"version":3,"order":"o1","customer":"c001"}'
const keyText = '{"customer":"c001","order":"o1"}'

function recordOf(value: string | null, key = keyText): FetchedRecord {
  const bytes = value === null ? null : Buffer.from(value)
  return { offset: 7n, timestamp: 0, key: Buffer.from(key), value: bytes, headers: [] }
}

const digest = digestOfImage(imageOfItem(item))

test('an insert, a delete and an update name their item, rank and images', () => {
  const insert = readShopChange(recordOf(`{"before":null,"after":${text},"op":"c"}`), 2)
  expect(insert).toMatchObject({ operation: 'INSERT', key: 'c001/o1', rank: rankOfVersion(3), before: null })
  expect(insert).toMatchObject({ after: digest, partition: 2, offset: 7n })
  const remove = readShopChange(recordOf(`{"before":${text},"after":null,"op":"d"}`), 2)
  expect(remove).toMatchObject({ operation: 'DELETE', rank: rankOfDelete(3), before: digest, after: null })
  const update = readShopChange(recordOf(`{"before":${text},"after":${text},"op":"u"}`), 2)
  expect(update).toMatchObject({ operation: 'UPDATE', rank: rankOfVersion(3), before: digest, after: digest })
})

test('a tombstone is no change', () => {
  expect(readShopChange(recordOf(null), 0)).toBeUndefined()
})

test.each([
  ['a lost digit', text.replace('5678,', '567,')],
  ['a digit that a double would round', text.replace('28173645,', '28173646,')],
  ['a number that became text', text.replace('"version":3', '"version":"3"')],
  ['a missing attribute', text.replace('"isGift":false,', '')],
  ['another element', text.replace('"gift"]', '"gifts"]')],
])('%s changes the digest', (_name, changed) => {
  expect(changed).not.toBe(text)
  expect(readShopChange(recordOf(`{"before":null,"after":${changed},"op":"c"}`), 0)?.after).not.toBe(digest)
})

test.each([
  ['text that is not JSON', recordOf('{"before":')],
  ['a value of another shape', recordOf('[1]')],
  ['an operation that does not fit its images', recordOf(`{"before":null,"after":${text},"op":"u"}`)],
  ['an unknown operation', recordOf(`{"before":null,"after":${text},"op":"x"}`)],
  ['a key of another item', recordOf(`{"before":null,"after":${text},"op":"c"}`, '{"customer":"c001","order":"o2"}')],
])('%s is a change that no write made', (_name, record) => {
  expect(readShopChange(record, 0)?.rank).toBe(-1)
})
