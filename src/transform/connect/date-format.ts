/** What a pattern of Java's `SimpleDateFormat` consists of. */
export type DatePart = string | { readonly letter: DateLetter; readonly count: number }
type DateLetter = 'y' | 'M' | 'd' | 'H' | 'm' | 's' | 'S' | 'X' | 'Z'

const letters: ReadonlySet<string> = new Set('yMdHmsSXZ')
const longest = 20

/** Undefined for a pattern with other letters, with names of months, or with an open quote. */
export function dateFormat(pattern: string): readonly DatePart[] | undefined {
  const parts: DatePart[] = []
  for (const [token, quoted] of pattern.matchAll(/''|'((?:[^']|'')+)'|([a-zA-Z])\2*|'|[^a-zA-Z']+/g)) {
    if (quoted !== undefined) parts.push(quoted.replaceAll("''", "'"))
    else if (token === "''") parts.push("'")
    else if (token === "'") return undefined
    else if (!/^[a-zA-Z]/.test(token)) parts.push(token)
    else if (isKnown(token)) parts.push({ letter: token.slice(0, 1) as DateLetter, count: token.length })
    else return undefined
  }
  return parts
}

function isKnown(token: string): boolean {
  const letter = token.slice(0, 1)
  if (letter === 'M' && token.length > 2) return false
  if (letter === 'X' && token.length > 3) return false
  return letters.has(letter) && token.length <= longest
}

/** A time in UTC as the pattern wants it. Milliseconds since 1970. */
export function formatDate(parts: readonly DatePart[], timeMs: number): string {
  const time = new Date(timeMs)
  return parts.map((part) => (typeof part === 'string' ? part : letterText(part, time))).join('')
}

function letterText({ letter, count }: { letter: DateLetter; count: number }, time: Date): string {
  const padded = (number: number): string => String(number).padStart(count, '0')
  switch (letter) {
    case 'y':
      return count === 2 ? String(time.getUTCFullYear() % 100).padStart(2, '0') : padded(time.getUTCFullYear())
    case 'M':
      return padded(time.getUTCMonth() + 1)
    case 'd':
      return padded(time.getUTCDate())
    case 'H':
      return padded(time.getUTCHours())
    case 'm':
      return padded(time.getUTCMinutes())
    case 's':
      return padded(time.getUTCSeconds())
    case 'S':
      return padded(time.getUTCMilliseconds())
    case 'X':
      return 'Z'
    case 'Z':
      return '+0000'
  }
}
