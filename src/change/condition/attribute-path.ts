import type { AttributeValue, Item } from '../attribute-value.ts'

/** The way into an item: names of map members, and places in lists (from 0). Begins with an attribute's name. */
export type AttributePath = readonly (string | number)[]

/** The value at a path; undefined if there is none. Of a value that is none of DynamoDB's nothing is found. */
export function valueAt(item: Item, path: AttributePath): AttributeValue | undefined {
  let value: AttributeValue | undefined
  let members: Item | undefined = item
  for (const step of path) {
    if (typeof step === 'number') value = elementOf(value, step)
    else value = members !== undefined && Object.hasOwn(members, step) ? members[step] : undefined
    if (!isValue(value)) return undefined
    members = 'M' in value && isMap(value.M) ? value.M : undefined
  }
  return value
}

function elementOf(value: AttributeValue | undefined, index: number): AttributeValue | undefined {
  return value !== undefined && 'L' in value && Array.isArray(value.L) ? (value.L[index] as AttributeValue) : undefined
}

function isValue(value: unknown): value is AttributeValue {
  return typeof value === 'object' && value !== null
}

function isMap(value: unknown): value is Item {
  return isValue(value) && !Array.isArray(value)
}
