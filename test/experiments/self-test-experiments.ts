import type { Experiment, RunOutcome } from './experiment.ts'

/** What the frame's own tests run; not in the registry. None of them tests tailrace. */
export const experiments: readonly Experiment[] = [
  experiment('E90-clean', (seed) => outcome(seed)),
  experiment('E90-wrong', (seed) =>
    outcome(seed, { anomalies: seed % 2 === 0 ? { lost: 2 } : {}, examples: ['place 1', 'place 2'] }),
  ),
  { ...experiment('E90-control', (seed) => outcome(seed, { anomalies: { duplicate: 3 } })), arm: 'control' },
  { ...experiment('E90-control-clean', (seed) => outcome(seed)), arm: 'control' },
  experiment('E90-short', (seed) => outcome(seed, { faults: { 'worker-kill': seed < 3 ? 2 : 1 } })),
  experiment('E90-rejects', (seed) => {
    if (seed === 3) throw new Error('the broker did not start')
    return outcome(seed)
  }),
  experiment('E90-dies', (seed) => {
    if (seed === 2) process.exit(9)
    return outcome(seed)
  }),
  { ...experiment('E90-waits', (seed) => outcome(seed)), run: untilStopped },
]

/** Simulated records and kills that follow from the seed. */
function outcome(seed: number, more: Partial<RunOutcome> = {}): RunOutcome {
  return {
    records: 100 + seed,
    faults: { 'worker-kill': 2 },
    anomalies: {},
    replayed: 0,
    statesAtFault: { 'transaction-open': 1, idle: 1 },
    recoveryMs: [1_000, 20_000],
    unseen: [
      [0, 0],
      [1, 12],
      [2, 0],
    ],
    lag: [
      [0, 0],
      [2, 1.5],
    ],
    examples: [],
    ...more,
  }
}

function experiment(id: string, run: (seed: number) => RunOutcome): Experiment {
  return {
    id,
    title: 'Nothing is broken',
    tier: 'S',
    arm: 'tailrace',
    minimum: { records: 100, faults: { 'worker-kill': 2 } },
    target: { faults: { 'worker-kill': 20 } },
    run: (seed) => Promise.resolve().then(() => run(seed)),
  }
}

/** The first seed is done at once; the others wait for the abort, and one then pretends to be complete. */
function untilStopped(seed: number, signal: AbortSignal): Promise<RunOutcome> {
  if (seed === 1) return Promise.resolve(outcome(seed))
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => (seed === 2 ? resolve(outcome(seed)) : reject(signal.reason as Error)))
  })
}
