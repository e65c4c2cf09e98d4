import type { TableAbsence } from '../change/table-absence.ts'
import type { LaneState } from '../lanes/lane-state.ts'
import type { TableEntry } from '../lanes/ledger-entry.ts'
import { unfinishedShards } from './table-life.ts'
import type { TableDecision } from './table-life.ts'

/** Remembers what looks for tables that were not found have shown. Forgets everything with its coordinator. */
export interface AbsenceWatch {
  /**
   * What a table that was not found answers; undefined: it is there. `unknown` says nothing, neither for nor against what
   * was seen before.
   */
  note(tableArn: string, absence: TableAbsence | 'unknown' | undefined): void
  /** The absences that are certain, by ARN: enough looks that could tell have shown the same, in succession. */
  certain(): ReadonlyMap<string, TableAbsence>
}

/** Services may answer of a while ago; what the configuration itself says needs no second look. */
const looksNeeded: Readonly<Record<TableAbsence['kind'], number>> = { unselected: 1, untagged: 2, gone: 2 }

/** Makes a watch that has seen nothing. */
export function createAbsenceWatch(): AbsenceWatch {
  const seen = new Map<string, { readonly absence: TableAbsence; readonly looks: number }>()
  return {
    note: (tableArn, absence) => {
      if (absence === 'unknown') return
      const before = seen.get(tableArn)
      if (absence === undefined) seen.delete(tableArn)
      else seen.set(tableArn, { absence, looks: before?.absence.kind === absence.kind ? before.looks + 1 : 1 })
    },
    certain: () =>
      new Map(
        [...seen].flatMap(([arn, { absence, looks }]) =>
          looks >= looksNeeded[absence.kind] ? [[arn, absence] as const] : [],
        ),
      ),
  }
}

/** What is known when a table that was not found is decided about. */
export interface AbsenceContext {
  /** Must be fresh. */
  readonly ledgers: readonly LaneState[]
  /** It is certain that the table's stream does not exist any more. */
  readonly isStreamGone: boolean
  readonly nowMs: number
}

/**
 * A table that is not meant any more, or is gone. What is left of the stream of a deleted table is read to its end first: it
 * stays readable for a day. When the stream is gone, too, what was not read of it is lost, and nothing is left to wait for.
 */
export function afterAbsence(known: TableEntry, absence: TableAbsence, context: AbsenceContext): TableDecision {
  const { status } = known
  if (status.kind === 'retired') return undefined
  const unread = absence.kind === 'gone' ? unfinishedShards(known, context.ledgers) : []
  if (unread.length > 0 && !context.isStreamGone) return undefined
  const { nowMs } = context
  return {
    ...known,
    version: known.version + 1,
    ...(unread.length === 0 ? {} : { lossAtMs: known.lossAtMs ?? nowMs }),
    status: {
      kind: 'retired',
      why: absence.kind,
      reason: unread.length === 0 ? absence.reason : `${absence.reason}, and no stream: ${lossOf(unread)}`,
      sinceMs: nowMs,
      wasLoading: status.kind === 'loading',
    },
  }
}

function lossOf(unread: readonly string[]): string {
  const shards = unread.length === 1 ? 'shard' : 'shards'
  return `what was left to be read of ${unread.length} ${shards} is lost`
}

/**
 * A retired table that is meant again goes on from its positions. Whether something was trimmed in front of them is found by
 * whoever reads on, as after any pause; that its stream was replaced, by the look that follows.
 */
export function afterReturn(known: TableEntry): TableDecision {
  const { status } = known
  if (status.kind !== 'retired') return undefined
  return { ...known, version: known.version + 1, status: { kind: status.wasLoading ? 'loading' : 'streaming' } }
}
