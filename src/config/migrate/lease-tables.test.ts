import { expect, it } from 'vitest'
import { leaseTablePrefix } from './lease-tables.ts'

const file = (more: object): { text: string; path: string } => ({ text: JSON.stringify(more), path: '/old.json' })
const confluent = { 'connector.class': 'DynamoDbCdcSource' }
const prefix = 'dynamodb.cdc.checkpointing.table.prefix'

it.each([
  ['datalake-KCL-', 'trustpilot', { 'connector.class': 'DynamoDBSourceConnector', [prefix]: 'x-' }],
  ['connect-KCL-', 'confluent', confluent],
  ['shop-', 'confluent', { ...confluent, [prefix]: 'shop-' }],
  ['connect-KCL-', 'confluent', { ...confluent, [prefix]: '' }],
  ['connect-KCL-', 'confluent', { ...confluent, [prefix]: ' ' }],
  ['shop-', 'confluent', { name: 'a', config: { ...confluent, [prefix]: 'shop-' } }],
] as const)('names of lease tables begin with %s for %s', (begin, from, given) => {
  expect(leaseTablePrefix(file(given), from)).toBe(begin)
})

it('names of lease tables are not made of a reference', () => {
  const text = file({ ...confluent, [prefix]: '${file:/etc/lake:prefix}' })
  expect(() => leaseTablePrefix(text, 'confluent')).toThrow(
    expect.objectContaining({ code: 'LEASES_UNUSABLE', message: `${prefix} is a reference: write what it stands for` }),
  )
})

it('there are none of Redpanda Connect', () => {
  expect(() => leaseTablePrefix(file({}), 'redpanda-connect')).toThrow(expect.objectContaining({ code: 'USAGE' }))
})
