import type { AnomalyName } from '../../src/oracle/oracle.ts'

/**
 * One row of the fault experiments: what is broken, how often, and what must hold. A run is repeatable from its seed as
 * far as its tier allows (a simulation exactly; real processes in their choices, not in their timing).
 */
export interface Experiment {
  /** `E01`; further arms of the same row add a word: `E01-sim`, `E01-control`, `E01-alo`. */
  readonly id: string
  /** One sentence: the fault. */
  readonly title: string
  /** S = simulation, P = real processes, K = real processes on a real Kafka broker. */
  readonly tier: 'S' | 'P' | 'K'
  /** `control`: the naive loop on the same harness; a run without any anomaly counts as failed, over all runs. */
  readonly arm: 'tailrace' | 'control'
  /** What each run must reach, or it proves nothing: the run then fails instead of reporting zeros. */
  readonly minimum: { readonly records: number; readonly faults: Readonly<Record<string, number>> }
  /** What all runs together are meant to reach, for docs/evidence.md: records and faults by kind. */
  readonly target: { readonly records?: number; readonly faults: Readonly<Record<string, number>> }
  /** One run. Starts and stops whatever it needs; rejects when it could not be carried out. */
  run(seed: number, signal: AbortSignal): Promise<RunOutcome>
}

/** What one run showed. */
export interface RunOutcome {
  /** Committed records that were judged. */
  readonly records: number
  /** What was injected, by kind: `worker-kill`, `broker-kill`, `stray-end-transaction` … */
  readonly faults: Readonly<Record<string, number>>
  /** Only names with a count above zero. */
  readonly anomalies: Readonly<Partial<Record<AnomalyName, number>>>
  /** At least once: repetitions that the mode allows. */
  readonly replayed: number
  /** How often a fault met the pipeline in which state: `transaction-open`, `reading-ledger` … */
  readonly statesAtFault: Readonly<Record<string, number>>
  /** From each fault's end until lag was below five seconds again; milliseconds. */
  readonly recoveryMs: readonly number[]
  /** Written but not yet readable, over the run: [seconds since the start, changes]. Must end at zero. */
  readonly unseen: readonly (readonly [number, number])[]
  /** Age of the oldest unread change over the run: [seconds since the start, seconds]. */
  readonly lag: readonly (readonly [number, number])[]
  /** Lines for whoever looks for the cause. */
  readonly examples: readonly string[]
}
