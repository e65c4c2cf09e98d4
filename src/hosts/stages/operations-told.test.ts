import { expect, it } from 'vitest'
import { change, convertPage, page } from '../../../test/oracle/stream-pages.ts'
import type { OperationCounts } from '../../pipeline/pipeline-event.ts'

it('tells what the changes of a page do, table by table, and nothing of what cannot be read', async () => {
  const told: (readonly [string, OperationCounts])[] = []
  const options = { onOperations: (table: string, counts: OperationCounts) => void told.push([table, counts]) }
  const ofOrders = change('orders', { id: { S: 'a' } })
  const records = page(
    ofOrders,
    change('orders', { id: { S: 'b' } }),
    change('users', { id: { S: 'c' } }),
    { ...ofOrders, eventName: 'MODIFY' },
    { ...ofOrders, eventName: 'UPSERT' },
  )
  await convertPage({ tolerance: 'all', options }, records)
  expect(told).toContainEqual(['users', { inserts: 1, modifies: 0, removes: 0 }])
  const sum = (of: keyof OperationCounts): number =>
    told.reduce((total, [table, counts]) => (table === 'orders' ? total + counts[of] : total), 0)
  expect({ inserts: sum('inserts'), modifies: sum('modifies'), removes: sum('removes') }).toEqual({
    inserts: 2,
    modifies: 1,
    removes: 0,
  })
})
