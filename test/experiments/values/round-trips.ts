import { jsonForms, nameOfForm } from '../../oracle/json-forms.ts'
import type { Experiment } from '../experiment.ts'

const items = 2_000
const throughForms = Object.fromEntries(jsonForms.map((form) => [nameOfForm(form), items]))

/** Random items from the bytes that the stream sends to the bytes of all JSON forms, and back. */
export const roundTripExperiment: Experiment = {
  id: 'E46',
  title: 'Random items of all types, depths, names and digits go through decoding and every JSON form, and back',
  tier: 'S',
  arm: 'tailrace',
  minimum: { records: items, faults: throughForms },
  target: { records: 1_000_000, faults: {} },
  run: async (seed) => {
    // Only now: the generators take most of a second to load, and every run of any experiment loads this file.
    const { checkRoundTrips } = await import('./round-trip-check.ts')
    const faulty = checkRoundTrips(seed, items)
    return {
      records: items,
      faults: throughForms,
      anomalies: faulty.length === 0 ? {} : { phantom: faulty.length },
      replayed: 0,
      statesAtFault: {},
      recoveryMs: [],
      unseen: [],
      lag: [],
      examples: faulty.slice(0, 5),
    }
  },
}
