import { TailraceError } from '../../../errors.ts'
import type { RepairBounds } from './repair.ts'
import { createTailReading } from './shard-tail.ts'
import type { TailNote } from './shard-tail.ts'

/** What a reader leaves behind: enough to hold back, and to remember, what it held back and remembered. */
export interface RepairNote {
  /** What arrived before this moment was read. Milliseconds; 0 if nobody knows. */
  readonly readUpToMs: number
  readonly bounds: RepairBounds
  readonly own: NotedTail
  /** Of shards that came before this one and have ended, the older ones first. */
  readonly older: readonly OlderTail[]
}

/** The tail of an ancestor. One with several descendants here is named several times. */
export interface OlderTail extends NotedTail {
  readonly shardId: string
  /** Only keys of this range count; decimal digits, both included. Undefined: all of the shard. */
  readonly range: readonly [from: string, to: string] | undefined
}

/** A shard's tail, and from where it must be read again; undefined if nothing in it is remembered or held back. */
export interface NotedTail {
  readonly from: string | undefined
  readonly tail: TailNote
}

const format = 1

/** The text of a note. Holds positions, never values of items. */
export function encodeNote(note: RepairNote): string {
  return JSON.stringify({ v: format, ...note })
}

/** Throws LEDGER_FORMAT for a note of a later version, LEDGER_CORRUPT for what is none. */
export function decodeNote(text: string): RepairNote {
  const note: unknown = parse(text)
  const version = typeof note === 'object' && note !== null && 'v' in note ? note.v : undefined
  if (typeof version !== 'number') throw new TailraceError('LEDGER_CORRUPT', 'a note of a reader cannot be read')
  if (version > format) {
    throw new TailraceError('LEDGER_FORMAT', `a reader left a note of format ${version}; this version knows ${format}`)
  }
  return note as RepairNote
}

/**
 * True if all that was read is dealt with: then the position alone says what was delivered, and what is remembered besides only
 * tells repeats. Throws as {@link decodeNote}.
 */
export function holdsNothingBack(text: string): boolean {
  const { own, older } = decodeNote(text)
  return [own, ...older].every(({ tail }) => createTailReading(tail).isWhole)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The notes of the parents of a shard, seen from the shard itself: all of it is older, and the window is the later one. */
export function inheritedNote(inherited: Readonly<Record<string, string>>): Pick<RepairNote, 'bounds' | 'older'> {
  const older: OlderTail[] = []
  let [frontierMicros, floorMicros] = [0, 0]
  for (const [shardId, text] of Object.entries(inherited)) {
    const note = decodeNote(text)
    older.push(...note.older, { ...note.own, shardId, range: undefined })
    frontierMicros = Math.max(frontierMicros, note.bounds.frontierMicros)
    floorMicros = Math.max(floorMicros, note.bounds.floorMicros)
  }
  return { bounds: { frontierMicros, floorMicros }, older }
}
