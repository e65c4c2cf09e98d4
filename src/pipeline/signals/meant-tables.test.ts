import { expect, test } from 'vitest'
import type { Table } from '../../change/table.ts'
import { meansTable } from './meant-tables.ts'

const table: Table = {
  name: 'shop.orders-1',
  region: 'eu-west-1',
  account: '1',
  arn: 'arn:aws:dynamodb:eu-west-1:1:table/shop.orders-1',
  id: 'x',
  streamArn: 's',
  viewType: 'NEW_IMAGE',
  keySchema: [],
}

test.each([
  ['shop.orders-1', true],
  ['arn:aws:dynamodb:eu-west-1:1:table/shop.orders-1', true],
  ['eu-west-1.shop.orders-1', true],
  ['shop.*', true],
  ['*orders-?', true],
  ['^shop\\.orders-1$', true],
  ['.*', true],
  ['eu-west-1\\.shop.*', true],
  ['orders', false],
  ['shop.orders-2', false],
  ['shop.orders-[12]', false],
  ['', false],
])('%s', (collection, isMeant) => {
  expect(meansTable(collection, table)).toBe(isMeant)
})
