import { expect, it } from 'vitest'
import { leaseTablePrefix } from './lease-tables.ts'

const file = (more: object): { text: string; path: string } => ({ text: JSON.stringify(more), path: '/old.json' })
const confluent = { 'connector.class': 'DynamoDbCdcSource' }
const prefix = 'dynamodb.cdc.checkpointing.table.prefix'

it.each([
  ['datalake-KCL-', 'trustpilot', { 'connector.class': 'DynamoDBSourceConnector', [prefix]: 'x-' }],
  ['connect-KCL-', 'confluent', confluent],
  ['shop-', 'confluent', { ...confluent, [prefix]: 'shop-' }],
  ['shop-', 'confluent', { name: 'a', config: { ...confluent, [prefix]: 'shop-' } }],
] as const)('names of lease tables begin with %s for %s', (begin, from, given) => {
  expect(leaseTablePrefix(file(given), from)).toBe(begin)
})

it('there are none of Redpanda Connect', () => {
  expect(() => leaseTablePrefix(file({}), 'redpanda-connect')).toThrow(expect.objectContaining({ code: 'USAGE' }))
})
