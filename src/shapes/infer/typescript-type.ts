import { isStruct } from './infer-shape.ts'
import type { InferenceTarget } from './infer-shape.ts'
import { joinedMembers, membersInOrder } from './observed.ts'
import type { Observed, ObservedMembers } from './observed.ts'

/**
 * An interface for the items of a sample, in the plain values that transforms get. It says what was seen, mixed types and
 * sets included; of maps and lists below eight levels only that they are. A key attribute is always there, every other one
 * may be missing.
 */
export function typescriptType(seen: ObservedMembers, { name, keys }: InferenceTarget): string {
  const all = membersInOrder(seen)
  const ordered = [
    ...keys.flatMap((key) => all.filter(([attribute]) => attribute === key)),
    ...all.filter(([attribute]) => !keys.includes(attribute)),
  ]
  const members = ordered.map(([attribute, observed]) => member(attribute, observed, keys.includes(attribute)))
  const body = `export interface ${interfaceName(name)} {\n${indented(members.join('\n'))}\n}\n`
  const imported = ['PlainItem', 'PlainNumber', 'PlainValue'].filter((type) => new RegExp(`\\b${type}\\b`).test(body))
  return imported.length === 0 ? body : `import type { ${imported.join(', ')} } from 'tailrace/transform'\n\n${body}`
}

function member(name: string, observed: Observed, isRequired: boolean): string {
  const key = /^[A-Za-z_$][A-Za-z0-9_$]*$/.test(name) ? name : quoted(name)
  return `${key}${isRequired ? '' : '?'}: ${typeOf(observed)}`
}

function typeOf(observed: Observed): string {
  const types = [...observed.types].toSorted().map((type) => oneType(type, observed))
  return [...new Set(types)].join(' | ')
}

function oneType(type: string, observed: Observed): string {
  switch (type) {
    case 'S':
      return 'string'
    case 'N':
      return 'PlainNumber'
    case 'B':
      return 'Uint8Array'
    case 'BOOL':
      return 'boolean'
    case 'NULL':
      return 'null'
    case 'SS':
      return 'Set<string>'
    case 'NS':
      return 'Set<PlainNumber>'
    case 'BS':
      return 'Set<Uint8Array>'
    case 'L':
      return listType(observed.elements)
    case 'M':
      return mapType(observed.members)
    default:
      return 'PlainValue'
  }
}

function listType(elements: Observed | undefined): string {
  if (elements === undefined) return 'PlainValue[]'
  const type = typeOf(elements)
  return /^\w+$/.test(type) ? `${type}[]` : `(${type})[]`
}

function mapType(members: ObservedMembers | undefined): string {
  if (members === undefined || members.occurrences === 0) return 'PlainItem'
  if (!isStruct(members)) return `Record<string, ${typeOf(joinedMembers(members))}>`
  const lines = membersInOrder(members).map(([name, observed]) => member(name, observed, false))
  return `{\n${indented(lines.join('\n'))}\n}`
}

/** The last words of a schema's name: `shop.my-orders.Value` is `MyOrdersValue`. */
function interfaceName(name: string): string {
  const words = name
    .split('.')
    .slice(-2)
    .join('-')
    .split(/[^A-Za-z0-9]+/)
  const pascal = words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join('')
  return /^[A-Z]/.test(pascal) ? pascal : `Item${pascal}`
}

/** A string literal on one line. */
function quoted(text: string): string {
  const escaped = text.replace(/['\\]|\p{Cc}|\u2028|\u2029/gu, (character) =>
    character === "'" || character === '\\'
      ? `\\${character}`
      : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return `'${escaped}'`
}

function indented(text: string): string {
  return text
    .split('\n')
    .map((line) => (line === '' ? '' : `  ${line}`))
    .join('\n')
}
