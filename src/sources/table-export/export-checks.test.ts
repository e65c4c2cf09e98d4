import { describe, expect, it } from 'vitest'
import { refuseForeign, refuseOther } from './export-checks.ts'
import type { FullExport, IncrementalExport, TableExport } from './table-exports.ts'

const hour = 3_600_000
const t0 = Date.UTC(2026, 0, 2)
const common = {
  exportArn: 'arn:export/1',
  tableArn: 'arn:table/orders',
  tableId: 'id-1',
  itemCount: 0,
  format: 'DYNAMODB_JSON' as const,
  bucket: 'b',
  files: [],
}
const full: FullExport = { ...common, kind: 'full', exportTimeMs: t0 }

function increment(fromMs: number, toMs: number): IncrementalExport {
  return { ...common, exportArn: 'arn:export/2', kind: 'incremental', fromMs, toMs, view: 'NEW_AND_OLD_IMAGES' }
}

const table = { arn: common.tableArn, id: common.tableId }

describe('refuseOther', () => {
  it('lets through what was expected, to the second', () => {
    expect(() => refuseOther(full, { ...table, fromMs: undefined, toMs: t0 })).not.toThrow()
    expect(() =>
      refuseOther({ ...full, exportTimeMs: t0 + 999 }, { ...table, fromMs: undefined, toMs: t0 }),
    ).not.toThrow()
    expect(() => refuseOther(increment(t0, t0 + hour), { ...table, fromMs: t0, toMs: t0 + hour })).not.toThrow()
  })

  it.each<[string, TableExport, readonly [number | undefined, number], string]>([
    ['a hole', increment(t0 + 1_000, t0 + hour), [t0, t0 + hour], 'the changes from 2026-01-02T00:00:01.000Z'],
    [
      'an overlap',
      increment(t0, t0 + 2 * hour),
      [t0 + hour, t0 + 2 * hour],
      'the changes from 2026-01-02T01:00:00.000Z',
    ],
    ['one that ends too early', increment(t0, t0 + hour), [t0, t0 + 2 * hour], 'to 2026-01-02T02:00:00.000Z'],
    ['a whole table for an increment', full, [t0 - hour, t0], 'holds the whole table at'],
    ['an increment for a whole table', increment(t0, t0 + hour), [undefined, t0 + hour], 'next is the whole table at'],
    ['a whole table of another time', full, [undefined, t0 + hour], 'the whole table at 2026-01-02T01:00:00.000Z'],
  ])('refuses %s', (_, found, [fromMs, toMs], message) => {
    const check = (): void => refuseOther(found, { ...table, fromMs, toMs })
    expect(check).toThrow(expect.objectContaining({ code: 'EXPORT_GAP' }))
    expect(check).toThrow(message)
  })

  it('refuses what is of another table', () => {
    const foreign = { ...full, tableId: 'id-2' }
    expect(() => refuseOther(foreign, { ...table, fromMs: undefined, toMs: t0 })).toThrow(
      expect.objectContaining({ code: 'EXPORT_FOREIGN' }),
    )
  })
})

describe('refuseForeign', () => {
  it('lets the same table through', () => {
    expect(() => refuseForeign(full, { arn: common.tableArn, id: 'id-1' })).not.toThrow()
  })

  it.each([
    [{ arn: 'arn:table/other', id: 'id-1' }, 'not of arn:table/other'],
    [{ arn: common.tableArn, id: 'id-2' }, 'of an earlier table'],
  ])('refuses %j', (table, message) => {
    expect(() => refuseForeign(full, table)).toThrow(expect.objectContaining({ code: 'EXPORT_FOREIGN' }))
    expect(() => refuseForeign(full, table)).toThrow(message)
  })
})
