/**
 * What the thrower of an error wants its owner to do.
 *
 * - `retry`: nothing is wrong with us; wait (jittered) and try the same again, for ever.
 * - `retake`: the lane's session is in doubt; throw it away, fence again, re-read the ledger.
 * - `stop-table`: one table (or shard) cannot go on; its neighbours do.
 * - `stop-worker`: this process must leave; others may go on.
 * - `refuse`: the input is wrong; nothing was started (exit code 2).
 */
export type ErrorPolicy = 'retry' | 'retake' | 'stop-table' | 'stop-worker' | 'refuse'

/** One documented kind of failure. `docs/errors.md` is rendered from these. */
export interface ErrorEntry {
  readonly policy: ErrorPolicy
  /** What happened, for someone who sees the code for the first time. */
  readonly cause: string
  /** What to do about it. */
  readonly remedy: string
}

/** One entry, in one line where it fits. */
export function entry(policy: ErrorPolicy, cause: string, remedy: string): ErrorEntry {
  return { policy, cause, remedy }
}
