/** Where tables begin that the pipeline has never read. */
export type StartPosition =
  | { readonly kind: 'trim-horizon' }
  | { readonly kind: 'latest' }
  | { readonly kind: 'timestamp'; readonly atMs: number }

/** An ISO 8601 date and time with its offset: a time without one would mean something else on each machine. */
const timestamp = /^(\d{4})-(\d{2})-(\d{2})T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/

/** Milliseconds since 1970, from 1973 on: shorter numbers are seconds that were meant otherwise. */
const epochMilliseconds = /^\d{12,15}$/

/** True if `parseStartPosition` understands the text. */
export function isStartPosition(text: string): boolean {
  return parseStartPosition(text) !== undefined
}

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
