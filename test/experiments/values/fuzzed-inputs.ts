import { seededRng } from '../../../src/async/rng.ts'
import type { Experiment } from '../experiment.ts'
import { fuzzConfig } from './fuzzed-config.ts'
import { fuzzEntry } from './fuzzed-ledger-entries.ts'
import { createVerdicts } from './verdicts.ts'

const configTexts = 2_000
const entries = 4
const editsOfEntry = 500

/** Random damage to what people write and to what the ledger stores. */
export const fuzzedInputsExperiment: Experiment = {
  id: 'E50',
  title:
    'Pipeline files and ledger entries are damaged at random, entries also in each of their bits: refused by name, or equal',
  tier: 'S',
  arm: 'tailrace',
  minimum: { records: 0, faults: { 'config-edit': configTexts, 'ledger-edit': 2_000, 'ledger-bit-flip': 1_000 } },
  target: { faults: { 'config-edit': 100_000, 'ledger-edit': 100_000, 'ledger-bit-flip': 300_000 } },
  run: (seed) => {
    const rng = seededRng(seed)
    const verdicts = createVerdicts()
    const texts = { refused: 0, valid: 0 }
    for (let index = 0; index < configTexts; index++) texts[fuzzConfig(rng, verdicts, `seed ${seed}, text ${index}`)]++
    const read = { bitFlips: 0, edits: 0 }
    for (let index = 0; index < entries; index++) {
      const { bitFlips, edits } = fuzzEntry(rng, editsOfEntry, verdicts)
      read.bitFlips += bitFlips
      read.edits += edits
    }
    return Promise.resolve(
      verdicts.addTo({
        records: 0,
        faults: { 'config-edit': configTexts, 'ledger-edit': read.edits, 'ledger-bit-flip': read.bitFlips },
        anomalies: {},
        replayed: 0,
        statesAtFault: {},
        recoveryMs: [],
        unseen: [],
        lag: [],
        examples: [`${texts.valid} of the damaged texts were valid, ${texts.refused} were refused`],
      }),
    )
  },
}
