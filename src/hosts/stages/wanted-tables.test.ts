import { describe, expect, it } from 'vitest'
import { wantedTables } from './wanted-tables.ts'

describe('the tables of a stream that are wanted', () => {
  it('are told by name, by ARN and by pattern', () => {
    const isWanted = wantedTables(['orders', 'arn:aws:dynamodb:eu-west-1:123456789012:table/customers', 'shop-*'])
    const names = ['orders', 'customers', 'shop-a', 'shop', 'order', 'table/customers', 'orders']
    expect(names.map(isWanted)).toEqual([true, true, true, false, false, false, true])
  })

  it('are all of them with a star', () => {
    expect(wantedTables(['*'])('anything')).toBe(true)
  })
})
