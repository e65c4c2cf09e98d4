import type { AttributeValue, Item } from '../change/attribute-value.ts'
import { keyAttributeText } from '../change/item-key.ts'
import type { KeyAttribute, Table } from '../change/table.ts'
import { connectField } from './connect-schema.ts'
import { unreadableValue } from './item-json.ts'
import type { NumberMode } from './item-json.ts'
import type { JsonWriter } from './json-writer.ts'

/**
 * Writes record keys: a JSON object of the key attributes, hash key first. One item has one key, byte for byte, in
 * every run and from every source, whatever order the attributes come in and however a number is written (`2E3` is
 * `2000`; `double` rounds no key): partitioning, compaction and order per item rest on that.
 */
export interface JsonKey {
  /** Throws RECORD_UNREADABLE, without a position, if the keys are not what the table's key schema says. */
  write(keys: Item): void
  /** The key attributes of what `write` wrote; undefined for bytes that it cannot have written. */
  read(key: Buffer): Item | undefined
}

export interface JsonKeyOptions {
  readonly table: Table
  readonly numbers: NumberMode
  /** Name of the key's Connect schema; undefined for keys without the `schema`/`payload` wrapper. */
  readonly schemaName: string | undefined
}

export function createJsonKey(writer: JsonWriter, options: JsonKeyOptions): JsonKey {
  const { table, numbers, schemaName } = options
  const attributes = table.keySchema.map((attribute, index) => ({
    attribute,
    // In a schema a number is a string, as in images; see connect-schema.ts.
    isLiteral: attribute.type === 'N' && numbers !== 'string' && schemaName === undefined,
    lead: Buffer.from(`${index === 0 ? '{' : ','}${JSON.stringify(attribute.name)}:`),
  }))
  const headText = schemaName === undefined ? '' : `{"schema":${keySchema(schemaName, table)},"payload":`
  const head = Buffer.from(headText)
  const tail = schemaName === undefined ? '}' : '}}'
  return {
    write(keys) {
      writer.bytes(head)
      for (const { attribute, isLiteral, lead } of attributes) {
        const text = keyAttributeText(keys, attribute)
        if (text === undefined)
          throw unreadableValue(`key attribute ${attribute.name} is not a valid ${attribute.type}`)
        writer.bytes(lead)
        if (isLiteral) writer.text(text)
        else writer.string(text)
      }
      writer.text(tail)
    },
    read(key) {
      const text = key.toString()
      if (!text.startsWith(headText) || !text.endsWith(tail)) return undefined
      const body = text.slice(headText.length, text.length - tail.length)
      const keys = readAttributes(body, attributes)
      // Of another table of the same name, keys may have other types.
      const isRight = keys !== undefined && table.keySchema.every((one) => keyAttributeText(keys, one) !== undefined)
      return isRight ? keys : undefined
    },
  }
}

interface Written {
  readonly attribute: KeyAttribute
  readonly lead: Buffer
}

/** Attribute by attribute, as they were written: a parser of JSON would round numbers. */
function readAttributes(body: string, attributes: readonly Written[]): Item | undefined {
  const entries: [string, AttributeValue][] = []
  let at = 0
  for (const { attribute, lead } of attributes) {
    const start = lead.toString()
    if (!body.startsWith(start, at)) return undefined
    at += start.length
    const token = /(?:"(?:[^"\\]|\\.)*"|[-+.\w]+)/y
    token.lastIndex = at
    const [found] = token.exec(body) ?? []
    if (found === undefined) return undefined
    at += found.length
    const text = found.startsWith('"') ? textOf(found) : found
    if (text === undefined) return undefined
    entries.push([attribute.name, { [attribute.type]: text } as AttributeValue])
  }
  return at === body.length ? Object.fromEntries(entries) : undefined
}

function textOf(token: string): string | undefined {
  try {
    return JSON.parse(token) as string
  } catch {
    return undefined
  }
}

function keySchema(name: string, table: Table): string {
  const fields = table.keySchema.map((attribute: KeyAttribute) => connectField(attribute.name, attribute.type, false))
  return `{"type":"struct","optional":false,"name":${JSON.stringify(name)},"fields":[${fields.join(',')}]}`
}
