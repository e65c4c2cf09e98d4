/** A moment in milliseconds since 1970, or what is wrong: the pattern, or the text that ought to follow it. */
export type JavaTime = { readonly atMs: number } | { readonly wrong: 'pattern' | 'text' }

/**
 * Reads a time by a pattern of Java's DateTimeFormatter, such as `yyyy-MM-dd'T'HH:mm:ss'Z'`: dates, times of day and offsets
 * in digits. What the pattern does not ask for is zero; without an offset the time is taken for UTC.
 */
export function readJavaTime(text: string, pattern: string): JavaTime {
  const fields: Field[] = []
  let source = ''
  for (const [token, letter] of pattern.matchAll(/'(?:[^']|'')*'|([A-Za-z])\1*|[^']/g)) {
    if (letter === undefined) {
      source += literalOf(token).replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
      continue
    }
    const found = partOf(letter, token.length)
    if (found === undefined || fields.includes(found.field)) return { wrong: 'pattern' }
    fields.push(found.field)
    source += `(${found.source})`
  }
  if (!['year', 'month', 'day'].every((field) => fields.some((one) => one === field))) return { wrong: 'pattern' }
  const match = new RegExp(`^${source}$`).exec(text)
  if (match === null) return { wrong: 'text' }
  const texts = new Map(fields.map((field, index) => [field, match[index + 1] ?? '']))
  const atMs = momentOf(texts)
  return atMs === undefined ? { wrong: 'text' } : { atMs }
}

type Field = 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second' | 'fraction' | 'offset'

const letters: ReadonlyMap<string, Field> = new Map([
  ['y', 'year'],
  ['u', 'year'],
  ['M', 'month'],
  ['L', 'month'],
  ['d', 'day'],
  ['H', 'hour'],
  ['m', 'minute'],
  ['s', 'second'],
  ['S', 'fraction'],
])

/** `''` is a quotation mark, within a literal and alone. */
function literalOf(token: string): string {
  if (token === "''") return "'"
  return token.startsWith("'") && token.length > 1 ? token.slice(1, -1).replaceAll("''", "'") : token
}

/** What one run of a letter asks for; undefined for one that is not about digits, or unknown. */
function partOf(letter: string, length: number): { readonly field: Field; readonly source: string } | undefined {
  if (letter === 'X' || letter === 'x') {
    const withColon = length === 3 ? ':' : length === 2 ? '' : undefined
    if (length > 3) return undefined
    const offset = withColon === undefined ? '[+-]\\d{2}(?:\\d{2})?' : `[+-]\\d{2}${withColon}\\d{2}`
    return { field: 'offset', source: letter === 'X' ? `Z|${offset}` : offset }
  }
  if (letter === 'Z') return length > 3 ? undefined : { field: 'offset', source: '[+-]\\d{4}' }
  const field = letters.get(letter)
  if (field === undefined) return undefined
  if (field === 'fraction') return length > 9 ? undefined : { field, source: `\\d{${length}}` }
  if (field === 'year') return length === 2 || length > 4 ? undefined : { field, source: '\\d{4}' }
  // Three letters of a month are its name.
  if (length > 2) return undefined
  return { field, source: length === 2 ? '\\d{2}' : '\\d{1,2}' }
}

/** Undefined for a day or an hour that there is not. */
function momentOf(texts: ReadonlyMap<Field, string>): number | undefined {
  const number = (field: Field): number => Number(texts.get(field) ?? 0)
  const [year, month, day] = [number('year'), number('month'), number('day')]
  const [hour, minute, second] = [number('hour'), number('minute'), number('second')]
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second))
  const isRight =
    date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 60
  if (!isRight || date.getUTCFullYear() !== year) return undefined
  const fractionMs = Math.trunc(Number(`0.${texts.get('fraction') ?? '0'}`) * 1000)
  return date.getTime() + fractionMs - offsetMinutes(texts.get('offset') ?? 'Z') * 60_000
}

/** `Z`, `+02`, `+0200` and `+02:00`. */
function offsetMinutes(text: string): number {
  const [, sign, hours, minutes] = /^([+-])(\d{2}):?(\d{2})?$/.exec(text) ?? []
  return (sign === '-' ? -1 : 1) * (Number(hours ?? 0) * 60 + Number(minutes ?? 0))
}
