import type { DatePart } from './date-format.ts'

/** What was read of a text so far. */
interface Read {
  at: number
  readonly fields: Map<string, number>
  offsetMinutes: number
}

/**
 * The time that a text says, in milliseconds; undefined if it does not begin as the pattern wants it, or names no day that
 * there is. What the pattern lacks is that of 1970-01-01 00:00 in UTC. A year of two digits is refused: which one it means
 * would depend on the day of reading.
 */
export function parseDate(parts: readonly DatePart[], text: string): number | undefined {
  const read: Read = { at: 0, fields: new Map(), offsetMinutes: 0 }
  for (const [index, part] of parts.entries()) {
    if (typeof part === 'string') {
      if (!text.startsWith(part, read.at)) return undefined
      read.at += part.length
    } else if (part.letter === 'X' || part.letter === 'Z') {
      if (!readZone(text, read)) return undefined
    } else {
      const next = parts[index + 1]
      const isNextToDigits = next !== undefined && typeof next !== 'string' && !'XZ'.includes(next.letter)
      const isYearShort = part.letter === 'y' && part.count === 2
      if (isYearShort || !readNumber(text, part.letter, isNextToDigits ? part.count : 9, read)) return undefined
    }
  }
  return timeOf(read)
}

function readNumber(text: string, letter: string, longest: number, read: Read): boolean {
  const digits = /^\d+/.exec(text.slice(read.at, read.at + longest))?.[0]
  if (digits === undefined) return false
  read.at += digits.length
  read.fields.set(letter, Number(digits))
  return true
}

function readZone(text: string, read: Read): boolean {
  const match = /^(?:Z|([+-])(\d\d)(?::?(\d\d))?)/.exec(text.slice(read.at))
  if (match === null) return false
  read.at += match[0].length
  const minutes = Number(match[2] ?? 0) * 60 + Number(match[3] ?? 0)
  read.offsetMinutes = match[1] === '-' ? -minutes : minutes
  return true
}

function timeOf({ fields, offsetMinutes }: Read): number | undefined {
  const of = (letter: string, otherwise: number): number => fields.get(letter) ?? otherwise
  const [year, month, day] = [of('y', 1970), of('M', 1), of('d', 1)]
  const [hours, minutes, seconds, ms] = [of('H', 0), of('m', 0), of('s', 0), of('S', 0)]
  if (month < 1 || month > 12 || hours > 23 || minutes > 59 || seconds > 59 || ms > 999) return undefined
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  if (date.getUTCDate() !== day) return undefined
  date.setUTCHours(hours, minutes, seconds, ms)
  const time = date.getTime() - offsetMinutes * 60_000
  return Number.isFinite(time) ? time : undefined
}
