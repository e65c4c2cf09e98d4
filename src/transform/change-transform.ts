import type { ChangeEvent } from '../change/change-event.ts'
import type { Table } from '../change/table.ts'
import type { RecordHeader } from '../envelope/document-payload.ts'
import type { TailraceError } from '../errors.ts'

/** A change on its way, with what transforms have decided about its records. */
export interface RoutedChange {
  readonly event: ChangeEvent
  /** Where its records go; undefined means the table's own topic. */
  readonly topic: string | undefined
  /** Added to those that every record has. */
  readonly headers: readonly RecordHeader[]
}

/** What became of one change: none (dropped), one or several in its place, or why it cannot go on. */
export type TransformOutcome =
  | { readonly kind: 'passed'; readonly changes: readonly RoutedChange[] }
  | { readonly kind: 'failed'; readonly error: TailraceError }

/**
 * A step on the way of changes, in front of the envelope: filters, masks, re-reading, the user's own code. Called once
 * per page; outcomes come in the order of the changes, one for each. One page at a time per lane, several lanes at once.
 */
export interface ChangeTransform {
  /** Rejects only if `signal` aborts, or with an error after which this worker must not go on. */
  apply(changes: readonly RoutedChange[], table: Table, signal: AbortSignal): Promise<readonly TransformOutcome[]>
}
