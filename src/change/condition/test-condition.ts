import type { AttributeValue, Item } from '../attribute-value.ts'
import type { ChangeEvent } from '../change-event.ts'
import { valueAt } from './attribute-path.ts'
import { beginsWith, compareValues, containsValue, isEqual, sizeOfValue } from './compare-values.ts'
import type { Condition, ImagePath, Operand } from './condition.ts'

/**
 * Whether a condition holds: `undefined` if that cannot be told, because it asks for attributes of an image that was not
 * captured. Key attributes are known of every change.
 */
export type Verdict = boolean | undefined

/**
 * Tests a condition on a change. Total: what is no value of DynamoDB's is like an attribute that is not there. With
 * `isBefore` plain attributes are those of the old image: whether the condition held before the change.
 */
export function testCondition(condition: Condition, event: ChangeEvent, table: string, isBefore = false): Verdict {
  const images = imagesOf(event)
  return verdictOf(condition, { ...images, ...(isBefore ? { present: images.old } : {}), event, table })
}

/** The image that speaks for the change's own state: the new one, else the old one, else the keys alone. */
export function presentImage({ newImage, oldImage, keys }: Pick<ChangeEvent, 'newImage' | 'oldImage' | 'keys'>): Item {
  return newImage ?? oldImage ?? keys
}

interface Image {
  readonly item: Item
  /** False: attributes that are not in `item` may be there all the same. */
  readonly isWhole: boolean
}

interface Subject {
  readonly event: ChangeEvent
  readonly table: string
  readonly present: Image
  readonly old: Image
  readonly new: Image
}

const nothing: Image = { item: {}, isWhole: true }

function imagesOf(event: ChangeEvent): Pick<Subject, 'present' | 'old' | 'new'> {
  const { operation, oldImage, newImage, keys } = event
  const captured = (image: Item | undefined): Image =>
    image === undefined ? { item: keys, isWhole: false } : { item: image, isWhole: true }
  return {
    // An item's old image says nothing of what it has become; only of one that is gone it is the last word.
    present: captured(operation === 'REMOVE' ? oldImage : newImage),
    // A row says nothing of what was there before; a condition on that is a condition on nothing.
    old: operation === 'INSERT' || operation === 'READ' ? nothing : captured(oldImage),
    new: operation === 'REMOVE' ? nothing : captured(newImage),
  }
}

/** Kleene's logic: what cannot be told stays so unless the rest decides. */
function verdictOf(condition: Condition, subject: Subject): Verdict {
  switch (condition.kind) {
    case 'and':
      return combined(condition.parts, subject, false)
    case 'or':
      return combined(condition.parts, subject, true)
    case 'not':
      return inverted(verdictOf(condition.of, subject))
    case 'exists': {
      const found = lookUp(condition.attribute, subject)
      return found === unknown ? undefined : (found !== undefined) === condition.isWanted
    }
    case 'type':
      return test([condition.attribute], subject, ([value]) => value !== undefined && condition.type in value)
    case 'compare':
      return test([condition.left, condition.right], subject, ([a, b]) => isOrdered(condition.operator, a, b))
    case 'between':
      return test([condition.value, condition.low, condition.high], subject, ([value, low, high]) =>
        isBetween(value, low, high),
      )
    case 'in':
      return inList(condition, subject)
    case 'begins':
      return test([condition.value, condition.prefix], subject, ([a, b]) => both(a, b, beginsWith))
    case 'contains':
      return test([condition.value, condition.part], subject, ([a, b]) => both(a, b, containsValue))
  }
}

/** `decisive` is the verdict of one part that makes the others worthless. */
function combined(parts: readonly Condition[], subject: Subject, decisive: boolean): Verdict {
  let result: Verdict = !decisive
  for (const part of parts) {
    const verdict = verdictOf(part, subject)
    if (verdict === decisive) return decisive
    if (verdict === undefined) result = undefined
  }
  return result
}

function inverted(verdict: Verdict): Verdict {
  return verdict === undefined ? undefined : !verdict
}

function inList({ value, list }: Extract<Condition, { kind: 'in' }>, subject: Subject): Verdict {
  let result: Verdict = false
  for (const one of list) {
    const verdict = test([value, one], subject, ([a, b]) => both(a, b, isEqual))
    if (verdict === true) return true
    if (verdict === undefined) result = undefined
  }
  return result
}

type Found = AttributeValue | undefined

function test(operands: readonly Operand[], subject: Subject, decide: (values: readonly Found[]) => boolean): Verdict {
  const values: Found[] = []
  for (const operand of operands) {
    const value = valueOf(operand, subject)
    if (value === unknown) return undefined
    values.push(value)
  }
  return decide(values)
}

function isOrdered(operator: '=' | '<>' | '<' | '<=' | '>' | '>=', a: Found, b: Found): boolean {
  // As in DynamoDB, an attribute that is not there differs from every value.
  if (operator === '<>') return !both(a, b, isEqual)
  if (operator === '=') return both(a, b, isEqual)
  return both(a, b, (left, right) => {
    const order = compareValues(left, right)
    if (order === undefined) return false
    if (operator === '<') return order < 0
    if (operator === '<=') return order <= 0
    return operator === '>' ? order > 0 : order >= 0
  })
}

function isBetween(value: Found, low: Found, high: Found): boolean {
  return isOrdered('>=', value, low) && isOrdered('<=', value, high)
}

/** Nothing holds of an attribute that is not there. */
function both(a: Found, b: Found, holds: (a: AttributeValue, b: AttributeValue) => boolean): boolean {
  return a !== undefined && b !== undefined && holds(a, b)
}

const unknown = Symbol('not captured')

function valueOf(operand: Operand, subject: Subject): Found | typeof unknown {
  switch (operand.kind) {
    case 'literal':
      return operand.value
    case 'table':
      return { S: subject.table }
    case 'operation':
      return { S: subject.event.operation }
    case 'path':
      return lookUp(operand, subject)
    case 'size': {
      const value = valueOf(operand.of, subject)
      if (value === unknown || value === undefined) return value
      const size = sizeOfValue(value)
      return size === undefined ? undefined : { N: String(size) }
    }
  }
}

function lookUp({ image, path }: ImagePath, subject: Subject): Found | typeof unknown {
  const { item, isWhole } = subject[image]
  const [name] = path
  if (!isWhole && typeof name === 'string' && !Object.hasOwn(item, name)) return unknown
  const value = valueAt(item, path)
  return value !== undefined && isWellFormed(value) ? value : undefined
}

/** Images are not walked when they are decoded, so a value may be anything. What is deeper is compared by its canonical text. */
function isWellFormed(value: AttributeValue): boolean {
  const [type, ...more] = Object.keys(value)
  const content: unknown = Object.values(value)[0]
  if (type === undefined || more.length > 0) return false
  if (type === 'BOOL' || type === 'NULL') return typeof content === 'boolean'
  if (type === 'M') return typeof content === 'object' && content !== null && !Array.isArray(content)
  if (type === 'L') return Array.isArray(content)
  if (type === 'SS' || type === 'NS' || type === 'BS')
    return Array.isArray(content) && content.every((element) => typeof element === 'string')
  return (type === 'S' || type === 'N' || type === 'B') && typeof content === 'string'
}
