import type { RowImage, RowInFront } from '../stages.ts'

/**
 * The rows of one table's snapshot that a lane has delivered, as far as changes that they contain may still follow. A row
 * is remembered once its transaction is written; in one transaction changes stand in front of rows, so no row says
 * anything of them.
 *
 * Forgetting is always right, it only lets a change through that a row contains already. Therefore the memory is bounded
 * (the oldest row goes first), and a lane that was taken anew begins with an empty one. Keeping too long would be wrong only
 * where changes are missing in between: hence `begin`.
 */
export interface RowMemory {
  /** Rows of an earlier run are forgotten: between two runs changes may have been lost. */
  begin(run: number): void
  /** Rows of a page that was asked for at this time (wall clock, milliseconds). To be called behind their commit. */
  remember(rows: readonly RowImage[], readAtMs: number): void
  /** The run that it remembers rows of; undefined before the first `begin`. */
  readonly run: number | undefined
  rowOf(item: string): RowInFront | undefined
  forget(items: readonly string[] | 'all'): void
  readonly size: number
}

/** Remembers up to `limit` rows. */
export function createRowMemory(limit: number): RowMemory {
  const rows = new Map<string, RowInFront>()
  let present: number | undefined
  return {
    begin: (run) => {
      if (run !== present) rows.clear()
      present = run
    },
    remember: (delivered, readAtMs) => {
      for (const { item, image } of delivered) {
        rows.delete(item)
        rows.set(item, { image, readAtMs })
        if (rows.size <= limit) continue
        for (const oldest of rows.keys()) {
          rows.delete(oldest)
          break
        }
      }
    },
    rowOf: (item) => rows.get(item),
    forget: (items) => {
      if (items === 'all') rows.clear()
      else for (const item of items) rows.delete(item)
    },
    get run() {
      return present
    },
    get size() {
      return rows.size
    },
  }
}

/** What a change says of its item. Images are digests; null where there is no item, undefined where nothing is known. */
export interface JudgedChange {
  readonly createdAtMs: number
  readonly before: () => string | null | undefined
  readonly after: () => string | null | undefined
}

/** Clocks differ, and creation times are rounded; a change that is so much younger than a row's request is behind it. */
const clockMarginMs = 120_000

/**
 * Whether the row that was delivered in front of a change contains it. The changes of an item that follow its row are in
 * order and begin with what the row contains, if anything: of these the last one ends in the row's image, and the first one
 * behind them begins with it. So all are `contained` until one ends in it, the `last`, or begins with it and is `new`. Behind
 * those two the row is to be forgotten. Where an item had the same image several times this stops too early: then changes
 * come through that the row contains, never the other way round.
 *
 * Both images are needed. With new images alone a row without contained changes behind it would swallow newer ones for ever;
 * so a change of which one is not known is `new`. By its time a change is never left out, only let through.
 */
export function containmentOf(row: RowInFront, change: JudgedChange): 'contained' | 'last' | 'new' {
  if (change.createdAtMs > row.readAtMs + clockMarginMs) return 'new'
  const before = change.before()
  if (before === undefined || before === row.image) return 'new'
  const after = change.after()
  if (after === undefined) return 'new'
  return after === row.image ? 'last' : 'contained'
}
