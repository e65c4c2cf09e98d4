import type { AttributeValue } from '../attribute-value.ts'
import { filterFunctions, filterOperators, nextToken } from '../filter-token.ts'
import type { FilterProblem, FilterToken } from '../filter-token.ts'
import type { Condition, ImagePath, Operand } from './condition.ts'

/**
 * Reads a condition on changes in the language of DynamoDB's filters (`status = 'open' AND total >= 10`, written as
 * `parseFilterExpression` describes it) and of the change itself: `$table`, `$operation`, `$old.x`, `$new.x`. What DynamoDB
 * would refuse is refused here, with the character at which it stands.
 */
export function parseCondition(text: string): Condition | FilterProblem {
  try {
    const reader = new Reader(text)
    const condition = reader.condition(0)
    reader.end()
    return condition
  } catch (error) {
    if (error instanceof Refusal) return { problem: error.message, at: error.at }
    throw error
  }
}

class Refusal extends Error {
  readonly at: number

  constructor(problem: string, at: number) {
    super(problem)
    this.at = at
  }
}

/** Deeper ones are nobody's, and would end in a stack overflow. */
const maxDepth = 50
const comparators: ReadonlySet<string> = new Set(['=', '<>', '<', '<=', '>', '>='])
const typeNames: ReadonlySet<string> = new Set(['S', 'N', 'B', 'BOOL', 'NULL', 'M', 'L', 'SS', 'NS', 'BS'])

interface PlacedToken extends FilterToken {
  readonly at: number
}

/** Recursive descent: OR over AND over NOT over what compares. */
class Reader {
  readonly #tokens: readonly PlacedToken[]
  readonly #length: number
  #next = 0

  constructor(text: string) {
    this.#tokens = tokensOf(text)
    this.#length = text.length
    if (this.#tokens.length === 0) throw new Refusal('the condition is empty', 0)
  }

  condition(depth: number): Condition {
    if (depth > maxDepth) throw this.#refusal(`a condition nests at most ${maxDepth} deep`)
    return this.#joined('or', () => this.#joined('and', () => this.#negated(depth)))
  }

  end(): void {
    if (this.#peek() !== undefined) throw this.#refusal('the condition should end here, or go on with AND or OR')
  }

  #joined(kind: 'and' | 'or', read: () => Condition): Condition {
    const first = read()
    const parts = [first]
    while (this.#takeWord(kind.toUpperCase())) parts.push(read())
    return parts.length === 1 ? first : { kind, parts }
  }

  #negated(depth: number): Condition {
    if (depth > maxDepth) throw this.#refusal(`a condition nests at most ${maxDepth} deep`)
    if (this.#takeWord('NOT')) return { kind: 'not', of: this.#negated(depth + 1) }
    if (!this.#takeSign('(')) return this.#simple()
    const inner = this.condition(depth + 1)
    this.#needSign(')')
    return inner
  }

  #simple(): Condition {
    const name = this.#functionAhead()
    if (name !== undefined && name !== 'size') return this.#function(name)
    const left = this.#operand()
    const token = this.#peek()
    if (token?.kind === 'sign' && comparators.has(token.content)) {
      this.#next++
      const operator = token.content as '='
      const right = this.#operand()
      if (operator !== '=' && (operator as string) !== '<>') [left, right].forEach((one) => this.#needOrder(one, token))
      return { kind: 'compare', operator, left, right }
    }
    if (this.#takeWord('BETWEEN')) {
      const low = this.#operand()
      if (!this.#takeWord('AND')) throw this.#refusal('BETWEEN needs AND')
      const high = this.#operand()
      if (token !== undefined) [left, low, high].forEach((one) => this.#needOrder(one, token))
      return { kind: 'between', value: left, low, high }
    }
    if (!this.#takeWord('IN')) throw this.#refusal('a comparison, BETWEEN or IN should stand here')
    this.#needSign('(')
    const list = [this.#operand()]
    while (this.#takeSign(',')) list.push(this.#operand())
    this.#needSign(')')
    return { kind: 'in', value: left, list }
  }

  #function(name: string): Condition {
    this.#next++
    this.#needSign('(')
    const condition = this.#arguments(name)
    this.#needSign(')')
    return condition
  }

  #arguments(name: string): Condition {
    if (name === 'attribute_exists' || name === 'attribute_not_exists')
      return { kind: 'exists', attribute: this.#path(), isWanted: name === 'attribute_exists' }
    if (name === 'attribute_type') {
      const attribute = this.#path()
      this.#needSign(',')
      const at = this.#here()
      const type = this.#operand()
      if (type.kind === 'literal' && 'S' in type.value && typeNames.has(type.value.S))
        return { kind: 'type', attribute, type: type.value.S }
      throw new Refusal("attribute_type needs one of DynamoDB's types, such as 'S'", at)
    }
    const value = name === 'begins_with' ? this.#operand() : this.#path()
    this.#needSign(',')
    const at = this.#here()
    const part = this.#operand()
    if (name === 'contains') return { kind: 'contains', value, part }
    if (part.kind === 'literal' && !('S' in part.value)) throw new Refusal('begins_with needs a text', at)
    return { kind: 'begins', value, prefix: part }
  }

  #operand(): Operand {
    const token = this.#peek()
    if (token === undefined) throw this.#refusal('a value or an attribute should stand here')
    if (this.#functionAhead() === 'size') {
      this.#next++
      this.#needSign('(')
      const of = this.#path()
      this.#needSign(')')
      return { kind: 'size', of }
    }
    const literal = literalOf(token)
    if (literal !== undefined) {
      this.#next++
      return { kind: 'literal', value: literal }
    }
    if (token.kind === 'variable' && (token.content === '$table' || token.content === '$operation')) {
      this.#next++
      return { kind: token.content === '$table' ? 'table' : 'operation' }
    }
    return this.#path()
  }

  #path(): ImagePath {
    const token = this.#peek()
    if (token?.kind === 'variable') {
      const image = token.content === '$old' ? 'old' : token.content === '$new' ? 'new' : undefined
      if (image === undefined)
        throw this.#refusal('an attribute should stand here; of a change there are $old, $new, $table and $operation')
      this.#next++
      this.#needSign('.')
      return { kind: 'path', image, path: this.#steps() }
    }
    return { kind: 'path', image: 'present', path: this.#steps() }
  }

  #steps(): readonly (string | number)[] {
    const steps: (string | number)[] = [this.#name()]
    for (;;) {
      const token = this.#peek()
      if (token?.kind === 'sign' && token.content.startsWith('[')) {
        steps.push(Number(token.content.slice(1, -1)))
        this.#next++
      } else if (this.#takeSign('.')) steps.push(this.#name())
      else return steps
    }
  }

  #name(): string {
    const token = this.#peek()
    const isName = token?.kind === 'name' || (token?.kind === 'word' && !isOperator(token))
    if (token === undefined || !isName) throw this.#refusal('the name of an attribute should stand here')
    this.#next++
    return token.content
  }

  /** DynamoDB refuses to order what has no order, where it can see that from the condition. */
  #needOrder(operand: Operand, { at }: PlacedToken): void {
    if (operand.kind !== 'literal' || 'S' in operand.value || 'N' in operand.value) return
    throw new Refusal('only texts, numbers and binaries have an order', at)
  }

  #functionAhead(): string | undefined {
    const [token, following] = [this.#peek(), this.#tokens[this.#next + 1]]
    const isCall = following?.kind === 'sign' && following.content === '('
    return token?.kind === 'word' && isCall && filterFunctions.has(token.content) ? token.content : undefined
  }

  #takeWord(word: string): boolean {
    const token = this.#peek()
    if (token?.kind !== 'word' || token.content.toUpperCase() !== word) return false
    this.#next++
    return true
  }

  #takeSign(sign: string): boolean {
    const token = this.#peek()
    if (token?.kind !== 'sign' || token.content !== sign) return false
    this.#next++
    return true
  }

  #needSign(sign: string): void {
    if (!this.#takeSign(sign)) throw this.#refusal(`${sign} should stand here`)
  }

  #peek(): PlacedToken | undefined {
    return this.#tokens[this.#next]
  }

  #here(): number {
    return this.#peek()?.at ?? this.#length
  }

  #refusal(problem: string): Refusal {
    return new Refusal(problem, this.#here())
  }
}

function tokensOf(text: string): readonly PlacedToken[] {
  const tokens: PlacedToken[] = []
  for (let at = 0; at < text.length;) {
    const token = nextToken(text, at, true)
    if (token === undefined) throw new Refusal('there is no such character in a condition', at)
    if (token.kind === 'open quote') throw new Refusal('the quote does not end', at)
    if (token.kind !== 'space') tokens.push({ ...token, at })
    at = token.end
  }
  return tokens
}

function literalOf({ kind, content }: PlacedToken): AttributeValue | undefined {
  if (kind === 'text') return { S: content }
  if (kind === 'number') return { N: content }
  const word = kind === 'word' ? content.toUpperCase() : ''
  if (word === 'TRUE' || word === 'FALSE') return { BOOL: word === 'TRUE' }
  return word === 'NULL' ? { NULL: true } : undefined
}

function isOperator({ content }: PlacedToken): boolean {
  return filterOperators.has(content.toUpperCase())
}
