import type { StoredLetter } from '../../rejection/stored-letter.ts'

/** Letters that have the same cause, as far as their headers tell. */
export interface LetterGroup {
  readonly table: string
  readonly code: string
  readonly stage: string
  readonly letters: number
  /** When the first and the last of them were written, ISO 8601; null where the headers are damaged. */
  readonly first: string | null
  readonly last: string | null
}

/** Groups by table, code and stage, in this order. */
export function groupLetters(letters: readonly StoredLetter[]): readonly LetterGroup[] {
  const groups = Map.groupBy(letters, ({ table, code, stage }) => JSON.stringify([table, code, stage]))
  return [...groups]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, members]) => {
      const [one] = members
      if (one === undefined) return []
      const { table, code, stage } = one
      const first = members.reduce((least, { firstAtMs }) => Math.min(least, firstAtMs), Infinity)
      const last = members.reduce((most, { atMs }) => Math.max(most, atMs), -Infinity)
      return [{ table, code, stage, letters: members.length, first: timeText(first), last: timeText(last) }]
    })
}

/** One letter, as it is listed. */
export interface LetterRow {
  /** `<partition>/<offset>` */
  readonly id: string
  readonly table: string
  /** Null for a row of a snapshot. */
  readonly shard: string | null
  readonly sequenceNumber: string | null
  readonly code: string
  readonly stage: string
  readonly attempt: number
  readonly copies: number
  readonly created: string | null
  readonly at: string | null
  readonly replayed: string | null
}

/** A letter's row. */
export function letterRow(letter: StoredLetter): LetterRow {
  const { key, table, code, stage, attempt, copies } = letter
  const isChange = key.deadLetter === 'change'
  return {
    id: idOf(letter),
    table,
    shard: isChange ? key.shard : null,
    sequenceNumber: isChange ? key.seq : null,
    code,
    stage,
    attempt,
    copies,
    created: timeText(letter.createdAtMs),
    at: timeText(letter.atMs),
    replayed: letter.replayed ?? null,
  }
}

/** By what people name a letter. */
export function idOf({ partition, offset }: Pick<StoredLetter, 'partition' | 'offset'>): string {
  return `${partition}/${offset}`
}

function timeText(ms: number): string | null {
  return Number.isFinite(ms) ? new Date(ms).toISOString() : null
}
