import { formatMutants } from './format-mutants.ts'
import { kinesisMutants } from './kinesis-mutants.ts'
import { lambdaMutants } from './lambda-mutants.ts'
import { ledgerMutants } from './ledger-mutants.ts'
import type { Mutant } from './mutant.ts'
import { readingMutants } from './reading-mutants.ts'
import { serviceMutants } from './service-mutants.ts'
import { snapshotMutants } from './snapshot-mutants.ts'
import { tableMutants } from './table-mutants.ts'
import { writingMutants } from './writing-mutants.ts'

/** Every planted bug, by its number. */
export const mutants: readonly Mutant[] = [
  ...readingMutants,
  ...writingMutants,
  ...formatMutants,
  ...kinesisMutants,
  ...lambdaMutants,
  ...ledgerMutants,
  ...serviceMutants,
  ...snapshotMutants,
  ...tableMutants,
].sort((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true }))
