/**
 * Membership in the pipeline's consumer group over the ledger topic. The group assigns lanes; it protects nothing:
 * protection is the fence (`initProducerId`). What it says may be late or already wrong.
 */
export interface GroupMembership extends AsyncDisposable {
  /**
   * Joins, then yields each assignment as it becomes known: the partitions of the ledger topic that are ours now. The
   * newest one wins; older ones that were not consumed are skipped. A lost session yields an empty assignment and joins
   * again by itself, for ever. Ends when `signal` aborts; disposing leaves the group, so that others take over at once.
   * Rejects only with OUT_OF_FILE_HANDLES.
   */
  assignments(signal: AbortSignal): AsyncIterable<Assignment>
  /** Asks now whether the partition is still ours in the group's current generation, as far as this member knows. */
  owns(partition: number): boolean
}

/** One generation's share. */
export interface Assignment {
  readonly generation: number
  readonly partitions: readonly number[]
}
