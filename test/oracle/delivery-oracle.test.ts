import { describe, expect, it } from 'vitest'
import { judgeDelivery } from './delivery-oracle.ts'
import type { DeliveredChange, WrittenChange } from './delivery-oracle.ts'

const written: readonly WrittenChange[] = [
  { shardId: 'p', sequenceNumber: '1', key: 'a', version: 1 },
  { shardId: 'p', sequenceNumber: '2', key: 'b', version: 1 },
  { shardId: 'c', sequenceNumber: '3', key: 'a', version: 2 },
  { shardId: 'c', sequenceNumber: '4', key: 'b', version: 2 },
]
const delivered: readonly DeliveredChange[] = [
  { partition: 0, offset: 0, shardId: 'p', sequenceNumber: '001' },
  { partition: 0, offset: 1, shardId: 'c', sequenceNumber: '3' },
  { partition: 1, offset: 0, shardId: 'p', sequenceNumber: '2' },
  { partition: 1, offset: 1, shardId: 'c', sequenceNumber: '4' },
]
const parents = new Map([
  ['p', undefined],
  ['c', 'p'],
])
const clean = { lost: 0, duplicated: 0, phantom: 0, reordered: 0, moved: 0, childBeforeParent: 0, examples: [] }
const without = (index: number): readonly DeliveredChange[] => delivered.filter((_, i) => i !== index)
const at = (index: number, change: Partial<DeliveredChange>): readonly DeliveredChange[] =>
  delivered.map((record, i) => (i === index ? { ...record, ...change } : record))

describe('the oracle of delivery', () => {
  it('finds nothing where nothing is wrong', () => {
    expect(judgeDelivery(written, delivered, parents)).toMatchObject(clean)
  })
  it.each<[string, readonly DeliveredChange[], object]>([
    ['a lost change', without(1), { lost: 1 }],
    [
      'a change delivered twice',
      [...delivered, { partition: 0, offset: 2, shardId: 'c', sequenceNumber: '3' }],
      { duplicated: 1 },
    ],
    [
      'a record that nobody wrote',
      [...delivered, { partition: 0, offset: 2, shardId: 'c', sequenceNumber: '9' }],
      { phantom: 1 },
    ],
    [
      'an item out of order',
      [...at(0, { offset: 1 }).slice(0, 1), ...at(1, { offset: 0 }).slice(1)],
      { reordered: 1, childBeforeParent: 1 },
    ],
    ['an item in two partitions', at(1, { partition: 1, offset: 7 }), { moved: 1 }],
  ])('finds %s', (_, records, found) => {
    expect(judgeDelivery(written, records, parents)).toMatchObject(found)
    expect(judgeDelivery(written, records, parents).examples).not.toEqual([])
  })
})
