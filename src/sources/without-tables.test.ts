import { describe, expect, it } from 'vitest'
import { tableOf } from '../../test/oracle/arbitrary-items.ts'
import { createManualClock } from '../testing/manual-clock.ts'
import { createMemorySource } from '../testing/memory-source.ts'
import { withoutTables } from './without-tables.ts'

const never = new AbortController().signal
const table = tableOf('NEW_IMAGE')

describe('a source without some tables', () => {
  const source = {
    ...createMemorySource(table, createManualClock()),
    findTables: () => Promise.resolve([table, { ...table, name: 'tmp-1', arn: 'arn:tmp-1' }]),
  }

  it('does not find them', async () => {
    const found = await withoutTables(source, ['tmp-*']).findTables(never)
    expect(found.map(({ name }) => name)).toEqual(['orders'])
    expect(await withoutTables(source, []).findTables(never)).toHaveLength(2)
    await expect(withoutTables(source, ['*']).findTables(never)).rejects.toMatchObject({ code: 'TABLE_NOT_FOUND' })
  })
})
