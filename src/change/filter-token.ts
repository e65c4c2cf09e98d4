/** One piece of a filter or condition as a person writes it. */
export interface FilterToken {
  readonly kind: 'space' | 'text' | 'open quote' | 'number' | 'name' | 'word' | 'variable' | 'sign'
  /** Without quotes; of a number without a plus. */
  readonly content: string
  /** The character behind it, from 0. */
  readonly end: number
}

/** Why a text is no filter: what is wrong, and at which character (from 0). */
export interface FilterProblem {
  readonly problem: string
  readonly at: number
}

/** In the order of trial. A minus belongs to a number: DynamoDB's filters do not calculate. */
const patterns: readonly (readonly [FilterToken['kind'], RegExp])[] = [
  ['space', /\s+/y],
  ['text', /'(?:[^']|'')*'/y],
  ['name', /"(?:[^"]|"")+"/y],
  ['open quote', /['"]/y],
  ['number', /[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y],
  ['word', /[A-Za-z_][\w-]*/y],
  ['variable', /\$[A-Za-z]+/y],
  ['sign', /<>|<=|>=|[=<>(),.]|\[\d+\]/y],
]

/** The token that begins at `at`; undefined if no token begins so. `variable` is for conditions alone. */
export function nextToken(text: string, at: number, withVariables = false): FilterToken | undefined {
  for (const [kind, pattern] of patterns) {
    if (kind === 'variable' && !withVariables) continue
    pattern.lastIndex = at
    const found = pattern.exec(text)?.[0]
    if (found === undefined) continue
    return { kind, content: contentOf(kind, found), end: at + found.length }
  }
  return undefined
}

function contentOf(kind: FilterToken['kind'], found: string): string {
  if (kind === 'text') return found.slice(1, -1).replaceAll("''", "'")
  if (kind === 'name') return found.slice(1, -1).replaceAll('""', '"')
  return kind === 'number' && found.startsWith('+') ? found.slice(1) : found
}

/** Words that join or compare, whatever their case. */
export const filterOperators: ReadonlySet<string> = new Set(['AND', 'OR', 'NOT', 'BETWEEN', 'IN'])

/** Names of functions, in this case alone; without a parenthesis behind them they are attributes. */
export const filterFunctions: ReadonlySet<string> = new Set([
  'attribute_exists',
  'attribute_not_exists',
  'attribute_type',
  'begins_with',
  'contains',
  'size',
])
