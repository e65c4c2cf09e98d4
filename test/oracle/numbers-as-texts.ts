import type { AttributeValue, Item } from '../../src/change/attribute-value.ts'
import { compareNumbers } from './exact-json.ts'

/** The item whose plain form is that of `item` with every number written as a string. */
export function numbersAsTexts(item: Item): Item {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, asText(value)]))
}

function asText(value: AttributeValue): AttributeValue {
  if ('N' in value) return { S: value.N }
  // A list, because the order of a set of numbers is not that of their texts.
  if ('NS' in value) return { L: value.NS.toSorted(compareNumbers).map((S) => ({ S })) }
  if ('M' in value) return { M: numbersAsTexts(value.M) }
  if ('L' in value) return { L: value.L.map(asText) }
  return value
}
