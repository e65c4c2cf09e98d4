import type { SourceReport } from './finding.ts'

/** Of an account that was asked for nothing. */
export const nothingFound: SourceReport = { findings: [], tables: [] }

/** What was asked of one region of one account, and what came of it. */
interface AccountReport {
  readonly tables: readonly string[]
  readonly report: SourceReport
}

/** One report of several accounts: that a name or a pattern means nothing in one of them is no finding if it does in another. */
export function mergedReports(accounts: readonly AccountReport[]): SourceReport {
  const lacks = ({ report }: AccountReport, selection: string): boolean =>
    report.findings.some(({ code, table }) => code === 'TABLE_NOT_FOUND' && table === selection)
  const isElsewhere = (selection: string): boolean =>
    accounts.some((account) => account.tables.includes(selection) && !lacks(account, selection))
  const findings = accounts.flatMap(({ report }) =>
    report.findings.filter(
      ({ code, table }) => code !== 'TABLE_NOT_FOUND' || table === undefined || !isElsewhere(table),
    ),
  )
  return { findings, tables: accounts.flatMap(({ report }) => report.tables) }
}
