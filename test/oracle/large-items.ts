import type { AttributeValue, Item } from '../../src/change/attribute-value.ts'

/** The bytes of an item that DynamoDB allows, less a little for the key. */
const itemBytes = 400 * 1024 - 100

/** Contents of an item of almost 400 KiB, by DynamoDB's own rules, that become largest in JSON, and one that does not. */
const contents: Readonly<Record<string, (serial: number) => AttributeValue>> = {
  'empty strings': () => list(1, { S: '' }),
  booleans: (serial) => list(2, { BOOL: serial % 2 === 0 }),
  nulls: () => list(2, { NULL: true }),
  'control characters': (serial) => ({ S: String.fromCodePoint((serial % 7) + 1).repeat(itemBytes) }),
  'one-digit numbers': (serial) => list(3, { N: String(serial % 10) }),
  'one binary': (serial) => ({ B: Buffer.alloc(itemBytes, `binary ${serial}`).toString('base64') }),
}

/** One of the worst items. */
export interface LargeItem {
  readonly name: string
  /** Whether its change has an image before as large as the one after. */
  readonly hasBefore: boolean
  item(serial: number): Item
}

/** The nine worst changes: one or both images of each content, where the other makes no other record. */
export const worstChanges: readonly LargeItem[] = [
  change('empty strings', false),
  change('empty strings', true),
  change('booleans', true),
  change('nulls', true),
  change('control characters', false),
  change('control characters', true),
  change('one-digit numbers', true),
  change('one binary', false),
  change('one binary', true),
]

function change(content: string, hasBefore: boolean): LargeItem {
  const name = `${content}, ${hasBefore ? 'both images' : 'one image'}`
  const make = contents[content]
  if (make === undefined) throw new Error(`there is no content ${content}`)
  return { name, hasBefore, item: (serial) => ({ id: { S: name }, v: { N: String(serial) }, large: make(serial) }) }
}

function list(bytesEach: number, element: AttributeValue): AttributeValue {
  return { L: Array.from({ length: Math.floor(itemBytes / bytesEach) }, () => element) }
}
