import { describe, expect, it } from 'vitest'
import type { RunOutcome } from './experiment.ts'
import { checkedOutcome, shortfalls } from './run-check.ts'

const outcome: RunOutcome = {
  records: 1_200,
  faults: { 'worker-kill': 20, 'broker-kill': 0 },
  anomalies: { lost: 0 },
  replayed: 0,
  statesAtFault: {},
  recoveryMs: [],
  unseen: [],
  lag: [],
  examples: [],
}

describe('a run', () => {
  it('counts when it has reached everything', () => {
    expect(shortfalls(outcome, { records: 1_200, faults: { 'worker-kill': 20 } })).toEqual([])
  })
  it('does not count when anything is short', () => {
    const minimum = { records: 5_000, faults: { 'worker-kill': 20, 'broker-kill': 1, pause: 3 } }
    expect(shortfalls(outcome, minimum)).toEqual([
      'records: 1,200 of at least 5,000',
      'broker-kill: 0 of at least 1',
      'pause: 0 of at least 3',
    ])
  })
  it('does not count when changes are unseen at the end and nobody complains', () => {
    const minimum = { records: 1, faults: {} }
    const unseen = [
      [0, 0],
      [1, 7],
    ] as const
    expect(shortfalls({ ...outcome, unseen }, minimum)[0]).toContain('7 changes were unseen at the end')
    expect(shortfalls({ ...outcome, unseen, anomalies: { lost: 7 } }, minimum)).toEqual([])
  })
  it('is rid of its zeros', () => {
    expect(checkedOutcome(outcome)).toMatchObject({ faults: { 'worker-kill': 20 }, anomalies: {} })
    expect(checkedOutcome(outcome).faults).not.toHaveProperty('broker-kill')
  })
  it.each([{ records: Number.NaN }, { records: -1 }, { recoveryMs: [Number.NaN] }, { faults: { kill: 0.5 } }])(
    'is refused with %o',
    (wrong) => {
      expect(() => checkedOutcome({ ...outcome, ...wrong })).toThrow('no outcome')
    },
  )
})
