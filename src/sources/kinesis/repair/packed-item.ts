import type { NewestChange } from './remembered-item.ts'

/** What is remembered of an item with one change, which was delivered. */
export interface SingleChange {
  readonly eventId: string
  readonly newest: NewestChange
}

const none: NewestChange['others'] = []
/** Stands for the length of an image of which nothing can be said. */
const unknown = 0xff
const mostImage = 0xfe
const headLength = 10
const room = Buffer.allocUnsafeSlow(4096)

/**
 * The same as one text, a character a byte: eight of the time, two of the lengths of the images, then those and the id. Most of
 * what is remembered is this, and one object for the garbage collector instead of eight. Undefined for what does not fit.
 */
export function packed({ eventId, newest }: SingleChange): string | undefined {
  const { createdAtMicros, left, before, after, others } = newest
  const beforeLength = before?.length ?? 0
  const afterLength = after?.length ?? 0
  const length = headLength + beforeLength + afterLength + eventId.length
  if (others.length > 0 || left !== after || !Number.isSafeInteger(createdAtMicros) || createdAtMicros < 0)
    return undefined
  if (beforeLength > mostImage || afterLength > mostImage || length > room.length) return undefined
  let rest = createdAtMicros
  for (let at = 0; at < 8; at++) {
    room[at] = rest % 256
    rest = Math.floor(rest / 256)
  }
  room[8] = before === undefined ? unknown : beforeLength
  room[9] = after === undefined ? unknown : afterLength
  const areNarrow =
    put(before ?? '', headLength) &&
    put(after ?? '', headLength + beforeLength) &&
    put(eventId, headLength + beforeLength + afterLength)
  return areNarrow ? room.toString('latin1', 0, length) : undefined
}

export function unpacked(text: string): SingleChange {
  const beforeEnd = headLength + imageLength(text, 8)
  const afterEnd = beforeEnd + imageLength(text, 9)
  const before = text.charCodeAt(8) === unknown ? undefined : text.slice(headLength, beforeEnd)
  const after = text.charCodeAt(9) === unknown ? undefined : text.slice(beforeEnd, afterEnd)
  const newest = { createdAtMicros: microsOf(text), left: after, before, after, others: none }
  return { eventId: text.slice(afterEnd), newest }
}

function imageLength(text: string, at: number): number {
  const code = text.charCodeAt(at)
  return code === unknown ? 0 : code
}

function microsOf(text: string): number {
  let micros = 0
  for (let at = 7; at >= 0; at--) micros = micros * 256 + text.charCodeAt(at)
  return micros
}

/** False if the text has a character of more than a byte. */
function put(text: string, from: number): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code > 0xff) return false
    room[from + at] = code
  }
  return true
}
