/** Where tables begin that the pipeline has never read. */
export type StartPosition =
  | { readonly kind: 'trim-horizon' }
  | { readonly kind: 'latest' }
  | { readonly kind: 'timestamp'; readonly atMs: number }

/** Where shards of a Kinesis stream begin, by sequence number. */
export interface StartPositions {
  /** True: behind the record that has the number. False: with it. */
  readonly isAfter: boolean
  /** Sequence numbers by shard id. */
  readonly positions: ReadonlyMap<string, string>
}

/** The two words for `StartPositions`. */
const positionWords: ReadonlyMap<string, boolean> = new Map([
  ['AT_SEQUENCE_NUMBER', false],
  ['AFTER_SEQUENCE_NUMBER', true],
])

/** An ISO 8601 date and time with its offset: a time without one would mean something else on each machine. */
const timestamp = /^(\d{4})-(\d{2})-(\d{2})T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/

/** Milliseconds since 1970, from 1973 on: shorter numbers are seconds that were meant otherwise. */
const epochMilliseconds = /^\d{12,15}$/

/** True if `parseStartPosition` or `parsePositionWord` understands the text. */
export function isStartPosition(text: string): boolean {
  return parseStartPosition(text) !== undefined || parsePositionWord(text) !== undefined
}

/** Reads `AT_SEQUENCE_NUMBER` (false) and `AFTER_SEQUENCE_NUMBER` (true), in any case: `StartPositions.isAfter`. */
export function parsePositionWord(text: string): boolean | undefined {
  return positionWords.get(text.toUpperCase())
}

/** A shard's id and a sequence number, with a colon between them. */
export const shardPosition: RegExp = /^([a-zA-Z0-9_.-]{1,128}):(0|[1-9]\d{0,128})$/

/** Reads `TRIM_HORIZON`, `LATEST` (in any case), a time or epoch milliseconds; undefined if it is none of them. */
export function parseStartPosition(text: string): StartPosition | undefined {
  const word = text.toUpperCase()
  if (word === 'TRIM_HORIZON') return { kind: 'trim-horizon' }
  if (word === 'LATEST') return { kind: 'latest' }
  if (epochMilliseconds.test(text)) return { kind: 'timestamp', atMs: Number(text) }
  const match = timestamp.exec(text)
  const atMs = Date.parse(text)
  if (match === null || Number.isNaN(atMs)) return undefined
  // The platform reads 31 February as 3 March.
  const lastDay = new Date(Date.UTC(Number(match[1]), Number(match[2]), 0)).getUTCDate()
  return Number(match[3]) > lastDay ? undefined : { kind: 'timestamp', atMs }
}
