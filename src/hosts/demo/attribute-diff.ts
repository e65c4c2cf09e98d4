import { digitsOf, isImage } from './image.ts'
import type { Image, ImageValue } from './image.ts'

/** Texts up to this length are shown whole. */
const wholeText = 24
/** Two long texts that begin with this many equal characters are told apart by their ends. */
const sharedStart = 12

/** Which attributes to leave out, and which to show first, in this order. */
export interface DiffOptions {
  readonly hidden: readonly string[]
  readonly first: readonly string[]
}

/**
 * What changed from what to what, in one line without line breaks: `status "paid" → "packed", version 3 → 4`. An insert
 * shows what there is, a delete what there was.
 */
export function describeDifference(before: Image | null, after: Image | null, options: DiffOptions): string {
  const names = namesOf(before, after, options)
  const parts =
    before === null || after === null
      ? names.map((name) => `${name} ${shown((after ?? before)?.[name])}`)
      : names.flatMap((name) => describeAttribute(name, before[name], after[name]) ?? [])
  return parts.join(', ')
}

function namesOf(before: Image | null, after: Image | null, { hidden, first }: DiffOptions): readonly string[] {
  const placeOf = (name: string): number => (first.includes(name) ? first.indexOf(name) : first.length)
  return [...new Set([...Object.keys(after ?? {}), ...Object.keys(before ?? {})])]
    .filter((name) => !hidden.includes(name))
    .toSorted((a, b) => placeOf(a) - placeOf(b) || (a < b ? -1 : 1))
}

function describeAttribute(name: string, before?: ImageValue, after?: ImageValue): string | undefined {
  if (plain(before) === plain(after)) return undefined
  if (before === undefined) return `${name} added: ${shown(after)}`
  if (after === undefined) return `${name} removed: ${shown(before)}`
  return `${name} ${shown(before)} → ${withoutSharedStart(shown(before), shown(after))}`
}

/** Exact digits that differ only behind the tenth digit are easier to compare by their ends. */
function withoutSharedStart(before: string, after: string): string {
  let shared = 0
  while (shared < after.length && before[shared] === after[shared]) shared++
  return shared < sharedStart || shared === after.length ? after : `…${after.slice(shared - 2)}`
}

function plain(value: ImageValue | undefined): string | undefined {
  return JSON.stringify(value, (_name, member: unknown) => digitsOf(member) ?? member)
}

function shown(value: ImageValue | undefined): string {
  const digits = digitsOf(value)
  if (digits !== undefined) return digits
  if (typeof value === 'string' && value.length > wholeText)
    return `${JSON.stringify(`${value.slice(0, wholeText / 2)}…`)} (${value.length.toLocaleString('en-US')} characters)`
  if (Array.isArray(value)) return counted(value.length, 'entry', 'entries')
  if (isImage(value)) return counted(Object.keys(value).length, 'field', 'fields')
  return JSON.stringify(value) ?? 'nothing'
}

function counted(count: number, one: string, many: string): string {
  return `(${count} ${count === 1 ? one : many})`
}
