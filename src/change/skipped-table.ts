/** A table that the configuration means, or may mean, and that is not read now; and why. */
export interface SkippedTable {
  /** Its name; or, where all tables of a region or an account are left out, what those are called. */
  readonly name: string
  /** Absent where it is not known. */
  readonly arn?: string
  /** A documented error code (`docs/errors.md`). */
  readonly code: string
  /** For people; holds names, never item values. */
  readonly message: string
}
