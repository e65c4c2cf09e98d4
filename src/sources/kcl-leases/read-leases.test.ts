import { expect, it } from 'vitest'
import { tableOf } from '../../../test/oracle/arbitrary-items.ts'
import type { Table } from '../../change/table.ts'
import { TailraceError } from '../../errors.ts'
import { readLeases } from './read-leases.ts'

it('looks for the lease table in the account and region of the table, by its own name and ARN', async () => {
  const asked: Table[] = []
  const source = {
    scanPage: ({ table }: { readonly table: Table }) => {
      asked.push(table)
      return Promise.reject(new TailraceError('TABLE_NOT_FOUND', 'none'))
    },
  }
  const leases = readLeases(source, { name: 'KCL-orders', near: tableOf('KEYS_ONLY') }, new AbortController().signal)
  expect(await leases).toBeUndefined()
  expect(asked).toMatchObject([
    { name: 'KCL-orders', arn: 'arn:aws:dynamodb:us-east-1:123456789012:table/KCL-orders', region: 'us-east-1' },
  ])
})
