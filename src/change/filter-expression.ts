import type { AttributeValue } from './attribute-value.ts'
import { filterFunctions, filterOperators, nextToken } from './filter-token.ts'
import type { FilterProblem } from './filter-token.ts'

/** A DynamoDB filter expression with placeholders, and what they stand for. */
export interface FilterExpression {
  readonly expression: string
  readonly names: Readonly<Record<string, string>>
  readonly values: Readonly<Record<string, AttributeValue>>
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
  if (filterOperators.has(upper)) parts.push(upper)
  else if (filterFunctions.has(word) && /^\s*\(/.test(text.slice(end))) parts.push(word)
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
