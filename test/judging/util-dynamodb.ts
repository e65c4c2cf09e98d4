import { marshall, unmarshall } from '@aws-sdk/util-dynamodb'
import type { AttributeValue, Item } from '../../src/change/attribute-value.ts'
import { isTypedItemRead } from '../oracle/read-typed-values.ts'

/**
 * What an item is after the SDK's `unmarshall` and `marshall`: true if it is the same. Throws what they throw. With
 * `wrapNumbers` it is asked to keep numbers as their text.
 */
export function unmarshalledAndBack(item: Item, wrapNumbers: boolean): boolean {
  const plain = unmarshall(converted(item, (base64) => Buffer.from(base64, 'base64')) as never, { wrapNumbers })
  // An empty map or list is one all the same; undefined members could only come of the SDK itself.
  const back = marshall(plain) as unknown as Item
  return isTypedItemRead(
    converted(back, (bytes) => Buffer.from(bytes as unknown as Uint8Array).toString('base64')),
    item,
    'base64',
  )
}

/** The item with its binaries in another form. */
function converted(item: Item, binary: (one: string) => unknown): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, convertedValue(value, binary)]))
}

function convertedValue(value: AttributeValue, binary: (one: string) => unknown): unknown {
  if ('B' in value) return { B: binary(value.B) }
  if ('BS' in value) return { BS: [...value.BS].map(binary) }
  if ('M' in value) return { M: converted(value.M, binary) }
  if ('L' in value) return { L: value.L.map((one) => convertedValue(one, binary)) }
  return value
}
