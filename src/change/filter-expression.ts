import type { AttributeValue } from './attribute-value.ts'

/** A DynamoDB filter expression with placeholders, and what they stand for. */
export interface FilterExpression {
  readonly expression: string
  readonly names: Readonly<Record<string, string>>
  readonly values: Readonly<Record<string, AttributeValue>>
}

/** Why a text is no filter: what is wrong, and at which character (from 0). */
export interface FilterProblem {
  readonly problem: string
  readonly at: number
}

/**
 * Reads a filter as a person writes it, `status = 'open' AND total >= 10 AND attribute_exists(address.city)`, into
 * DynamoDB's form: literals become values, and every attribute name becomes a placeholder, so that DynamoDB's 573 reserved
 * words can be used. Texts stand in single quotes (doubled within), names with other characters in double quotes.
 * Whether the whole makes sense is DynamoDB's to say.
 */
export function parseFilterExpression(text: string): FilterExpression | FilterProblem {
  const names = createPlaceholders<string>('#n', (name) => name)
  const values = createPlaceholders<AttributeValue>(':v', (value) => JSON.stringify(value))
  const parts: string[] = []
  let at = 0
  while (at < text.length) {
    const token = nextToken(text, at)
    if (token === undefined) return { problem: `there is no such character in a filter: ${text[at] ?? ''}`, at }
    const { kind, content } = token
    if (kind === 'open quote') return { problem: 'the quote does not end', at }
    if (kind === 'text') values.add({ S: content }, parts)
    else if (kind === 'number') values.add({ N: content }, parts)
    else if (kind === 'name') names.add(content, parts)
    else if (kind === 'word') addWord(content, { text, end: token.end, names, values, parts })
    else if (kind === 'sign') parts.push(content)
    at = token.end
  }
  if (parts.length === 0) return { problem: 'the filter is empty', at: 0 }
  return { expression: parts.join(' '), names: names.all(), values: values.all() }
}

interface Token {
  readonly kind: 'space' | 'text' | 'open quote' | 'number' | 'name' | 'word' | 'sign'
  readonly content: string
  readonly end: number
}

/** In the order of trial. A minus belongs to a number: DynamoDB's filters do not calculate. */
const patterns: readonly (readonly [Token['kind'], RegExp])[] = [
  ['space', /\s+/y],
  ['text', /'(?:[^']|'')*'/y],
  ['name', /"(?:[^"]|"")+"/y],
  ['open quote', /['"]/y],
  ['number', /[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y],
  ['word', /[A-Za-z_][\w-]*/y],
  ['sign', /<>|<=|>=|[=<>(),.]|\[\d+\]/y],
]

function nextToken(text: string, at: number): Token | undefined {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = at
    const found = pattern.exec(text)?.[0]
    if (found === undefined) continue
    return { kind, content: contentOf(kind, found), end: at + found.length }
  }
  return undefined
}

function contentOf(kind: Token['kind'], found: string): string {
  if (kind === 'text') return found.slice(1, -1).replaceAll("''", "'")
  if (kind === 'name') return found.slice(1, -1).replaceAll('""', '"')
  return kind === 'number' && found.startsWith('+') ? found.slice(1) : found
}

const operators: ReadonlySet<string> = new Set(['AND', 'OR', 'NOT', 'BETWEEN', 'IN'])
const functions: ReadonlySet<string> = new Set([
  'attribute_exists',
  'attribute_not_exists',
  'attribute_type',
  'begins_with',
  'contains',
  'size',
])

function addWord(
  word: string,
  {
    text,
    end,
    names,
    values,
    parts,
  }: {
    readonly text: string
    readonly end: number
    readonly names: Placeholders<string>
    readonly values: Placeholders<AttributeValue>
    readonly parts: string[]
  },
): void {
  const upper = word.toUpperCase()
  if (operators.has(upper)) parts.push(upper)
  else if (functions.has(word) && /^\s*\(/.test(text.slice(end))) parts.push(word)
  else if (upper === 'TRUE' || upper === 'FALSE') values.add({ BOOL: upper === 'TRUE' }, parts)
  else if (upper === 'NULL') values.add({ NULL: true }, parts)
  else names.add(word, parts)
}

interface Placeholders<T> {
  /** Appends the placeholder of `content`, the same for equal ones. */
  add(content: T, parts: string[]): void
  all(): Readonly<Record<string, T>>
}

function createPlaceholders<T>(prefix: string, keyOf: (content: T) => string): Placeholders<T> {
  const known = new Map<string, { readonly placeholder: string; readonly content: T }>()
  return {
    add: (content, parts) => {
      const key = keyOf(content)
      const entry = known.get(key) ?? { placeholder: `${prefix}${known.size}`, content }
      known.set(key, entry)
      parts.push(entry.placeholder)
    },
    all: () => Object.fromEntries([...known.values()].map(({ placeholder, content }) => [placeholder, content])),
  }
}
