import type { ConfigEntry } from './config-entry.ts'

const blank = /[ \t\f]/

/**
 * Reads Java's `.properties` format: `key=value`, `key: value` or `key value`; `#` and `!` comments; a backslash at
 * the end of a line continues it; `\t \n \r \f \uXXXX` and `\<character>`. Never fails: every text is such a file.
 * The last of two equal keys wins, as in Java.
 */
export function parsePropertiesFile(text: string, file: string): readonly ConfigEntry[] {
  const entries = new Map<string, ConfigEntry>()
  for (const { line, number } of logicalLines(text)) {
    const separator = separatorOf(line)
    const name = unescape(line.slice(0, separator.at))
    const value = unescape(line.slice(separator.valueAt))
    entries.set(name, { name, value, where: `${file} line ${number}` })
  }
  return [...entries.values()]
}

/** The value of one key, for `${file:/path:key}`. */
export function propertyOf(text: string, key: string): string | undefined {
  const value = parsePropertiesFile(text, '').findLast((entry) => entry.name === key)?.value
  return typeof value === 'string' ? value : undefined
}

interface LogicalLine {
  readonly line: string
  /** Of the first natural line, from 1. */
  readonly number: number
}

function logicalLines(text: string): readonly LogicalLine[] {
  const result: LogicalLine[] = []
  let open: { parts: string[]; number: number } | undefined
  for (const [index, natural] of text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/)
    .entries()) {
    const trimmed = natural.replace(/^[ \t\f]+/, '')
    if (open === undefined && (trimmed === '' || trimmed.startsWith('#') || trimmed.startsWith('!'))) continue
    open ??= { parts: [], number: index + 1 }
    if (endsWithOddBackslashes(trimmed)) {
      open.parts.push(trimmed.slice(0, -1))
      continue
    }
    open.parts.push(trimmed)
    result.push({ line: open.parts.join(''), number: open.number })
    open = undefined
  }
  if (open !== undefined) result.push({ line: open.parts.join(''), number: open.number })
  return result
}

function endsWithOddBackslashes(line: string): boolean {
  let count = 0
  while (count < line.length && line[line.length - 1 - count] === '\\') count++
  return count % 2 === 1
}

/** The first unescaped `=`, `:` or blank ends the key; blanks around one `=` or `:` belong to neither side. */
function separatorOf(line: string): { readonly at: number; readonly valueAt: number } {
  let at = 0
  while (at < line.length && !/[=: \t\f]/.test(line[at] ?? '')) at += line[at] === '\\' ? 2 : 1
  at = Math.min(at, line.length)
  let valueAt = at
  while (blank.test(line[valueAt] ?? '')) valueAt++
  if (line[valueAt] === '=' || line[valueAt] === ':') {
    valueAt++
    while (blank.test(line[valueAt] ?? '')) valueAt++
  }
  return { at, valueAt }
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['t', '\t'],
  ['n', '\n'],
  ['r', '\r'],
  ['f', '\f'],
])

function unescape(text: string): string {
  return text.replaceAll(/\\(?:u([0-9a-fA-F]{4})|([\s\S]?))/g, (_, hex: string | undefined, character: string = '') =>
    hex === undefined ? (escapes.get(character) ?? character) : String.fromCharCode(Number.parseInt(hex, 16)),
  )
}
