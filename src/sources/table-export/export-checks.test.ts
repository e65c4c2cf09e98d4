import { describe, expect, it } from 'vitest'
import { TailraceError } from '../../errors.ts'
import { failedExport, refuseForeign, refuseHole } from './export-checks.ts'
import type { FullExport, IncrementalExport } from './table-exports.ts'

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

describe('refuseHole', () => {
  it('lets through what begins where the one before ends', () => {
    expect(() => refuseHole(full, increment(t0, t0 + hour))).not.toThrow()
    expect(() => refuseHole(increment(t0, t0 + hour), increment(t0 + hour, t0 + 2 * hour))).not.toThrow()
  })

  it.each([
    ['a hole behind a full export', full, increment(t0 + 1, t0 + hour), '2026-01-02T00:00:00.001Z'],
    ['a hole between increments', increment(t0, t0 + hour), increment(t0 + 2 * hour, t0 + 3 * hour), 'nothing covers'],
    ['an overlap', increment(t0, t0 + hour), increment(t0, t0 + 2 * hour), 'it begins at 2026-01-02T00:00:00.000Z'],
    ['a full export in the middle', increment(t0, t0 + hour), full, 'follows on nothing'],
  ])('refuses %s', (_, previous, next, message) => {
    expect(() => refuseHole(previous, next)).toThrow(TailraceError)
    expect(() => refuseHole(previous, next)).toThrow(expect.objectContaining({ code: 'EXPORT_GAP' }))
    expect(() => refuseHole(previous, next)).toThrow(message)
  })

  it('refuses an increment of another table', () => {
    const next = { ...increment(t0, t0 + hour), tableId: 'id-2' }
    expect(() => refuseHole(full, next)).toThrow(expect.objectContaining({ code: 'EXPORT_FOREIGN' }))
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

describe('failedExport', () => {
  it("names the service's reason", () => {
    const error = failedExport('arn:export/1', { status: 'FAILED', code: 'S3AccessDenied', message: 'no access' })
    expect(error.code).toBe('EXPORT_FAILED')
    expect(error.message).toBe('Export arn:export/1 failed: S3AccessDenied: no access')
  })
})
