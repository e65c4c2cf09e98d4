import type { Item } from '../../src/change/attribute-value.ts'
import type { ChangeEvent } from '../../src/change/change-event.ts'
import { rowIdentity } from '../oracle/declared-history.ts'
import type { DeclaredHistory } from '../oracle/declared-history.ts'
import type { Comparison } from './judge.ts'

/** What a reader did with one record. */
export interface ReadChange {
  /** `rowIdentity` of the row that it changed. */
  readonly identity: string
  /** False: the row was written. */
  readonly isGone: boolean
  /** The row as it was handed on; of one that is gone whatever it says of it, undefined if nothing. */
  readonly row: unknown
}

/** What a reader should have done. */
export interface ExpectedChange {
  readonly identity: string
  readonly isGone: boolean
  readonly row: Item
}

/** One change for each event: a row that is written, or one that is gone, with what it was as far as the event says it. */
export function expectedChanges({ events }: DeclaredHistory): readonly ExpectedChange[] {
  return events.map((event) => ({
    identity: identityOf(event),
    isGone: event.operation === 'REMOVE',
    row: event.newImage ?? event.oldImage ?? event.keys,
  }))
}

/** The identity of the row that an event changes. */
export function identityOf({ keys: { pk, sk } }: ChangeEvent): string {
  return rowIdentity(pk !== undefined && 'S' in pk ? pk.S : '', sk !== undefined && 'N' in sk ? sk.N : '0')
}

/**
 * Compares change by change, and then the rows that are left. What is no change to a reader, such as a tombstone, must not
 * be among `reads`.
 */
export function compareHistory(
  { rows }: DeclaredHistory,
  expected: readonly ExpectedChange[],
  reads: readonly ReadChange[],
  isSame: (read: unknown, row: Item) => boolean,
): Comparison {
  let difference: string | undefined
  const equalChanges = expected.filter((change, index) => {
    const read = reads[index]
    const isEqual =
      read?.identity === change.identity &&
      read.isGone === change.isGone &&
      ((change.isGone && read.row === undefined) || isSame(read.row, change.row))
    if (!isEqual) difference ??= `change ${index}: read ${JSON.stringify(read)}\n  not ${JSON.stringify(change)}`
    return isEqual
  })
  if (reads.length > expected.length) difference ??= `${reads.length - expected.length} changes too many`
  const left = rowsLeft(reads)
  const equalRows = [...rows].filter(([identity, item]) => left.has(identity) && isSame(left.get(identity), item))
  return {
    changes: Math.max(expected.length, reads.length),
    equalChanges: equalChanges.length,
    rows: rows.size,
    equalRows: equalRows.length,
    extraRows: [...left.keys()].filter((identity) => !rows.has(identity)).length,
    difference,
  }
}

function rowsLeft(reads: readonly ReadChange[]): ReadonlyMap<string, unknown> {
  const left = new Map<string, unknown>()
  for (const { identity, isGone, row } of reads) {
    if (isGone) left.delete(identity)
    else left.set(identity, row)
  }
  return left
}
