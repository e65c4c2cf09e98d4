import { expect, it } from 'vitest'
import { TailraceError } from '../../errors.ts'
import { mergedReports } from './account-reports.ts'
import { failed } from './finding.ts'

it('a table need not be in every account', () => {
  const missing = (table: string) => ({
    ...failed(`table ${table}`, new TailraceError('TABLE_NOT_FOUND', `no ${table}`)),
    table,
  })
  const denied = { ...failed('table bills', new TailraceError('AWS_ACCESS_DENIED', 'no')), table: 'bills' }
  const { findings } = mergedReports([
    { tables: ['orders', 'bills', 'x'], report: { findings: [missing('bills'), missing('x')], tables: [] } },
    { tables: ['orders', 'bills', 'x'], report: { findings: [missing('orders'), denied, missing('x')], tables: [] } },
  ])
  expect(findings).toEqual([missing('x'), denied, missing('x')])
})
