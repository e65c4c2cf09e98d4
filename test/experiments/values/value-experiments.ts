import type { Experiment } from '../experiment.ts'
import { flippedLedgerExperiment } from './flipped-ledger.ts'
import { fuzzedInputsExperiment } from './fuzzed-inputs.ts'
import { poisonExperiment } from './poison-records.ts'
import { roundTripExperiment } from './round-trips.ts'
import { tooLargeExperiment } from './too-large-changes.ts'

/** Rows F of the table, as far as no server is needed. */
export const valueExperiments: readonly Experiment[] = [
  roundTripExperiment,
  tooLargeExperiment,
  poisonExperiment,
  fuzzedInputsExperiment,
  flippedLedgerExperiment,
]
