import type { PathStep } from './condition/parse-path.ts'
import { readPath } from './condition/parse-path.ts'
import type { FilterProblem } from './filter-token.ts'

/** What a mask puts in the place of a value. */
export type MaskMethod =
  | { readonly kind: 'null' | 'hash' | 'hmac' | 'remove' }
  | { readonly kind: 'fixed'; readonly text: string }

/** Which values are masked, and how. */
export interface MaskRule {
  /** A name, or a pattern of names. */
  readonly table: string
  readonly path: readonly PathStep[]
  readonly method: MaskMethod
}

const tableName = /(?:"([^"]+)"|([\w*?-]+))\./y

/** Reads `orders.customer.email=hmac`; a table whose name has dots stands in double quotes. */
export function parseMaskRule(text: string): MaskRule | FilterProblem {
  tableName.lastIndex = 0
  const [found, quoted, plain] = tableName.exec(text) ?? []
  if (found === undefined) return { problem: 'the name of a table and a dot should stand here', at: 0 }
  const path = readPath(text, found.length)
  if (path === undefined) return { problem: 'the name of an attribute should stand here', at: found.length }
  if (text[path.end] !== '=') return { problem: '= and a method should stand here', at: path.end }
  const method = methodOf(text.slice(path.end + 1))
  if (method === undefined)
    return { problem: 'one of null, fixed(text), hash, hmac, remove should stand here', at: path.end + 1 }
  return { table: quoted ?? plain ?? '', path: path.steps, method }
}

function methodOf(text: string): MaskMethod | undefined {
  if (text === 'null' || text === 'hash' || text === 'hmac' || text === 'remove') return { kind: text }
  const fixed = /^fixed\(([\s\S]*)\)$/.exec(text)?.[1]
  return fixed === undefined ? undefined : { kind: 'fixed', text: fixed }
}
