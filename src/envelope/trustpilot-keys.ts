import type { AttributeValue, Item } from '../change/attribute-value.ts'
import { keyAttributeText } from '../change/item-key.ts'
import type { Table } from '../change/table.ts'
import { TailraceError } from '../errors.ts'
import { NoDocument, trustpilotName } from './trustpilot-document.ts'

/**
 * The table as its keys look in Trustpilot's records: every key attribute is a text, under the name that the connector gives
 * it. A number is its one notation, a binary base64 (the connector has no place for binary keys). Throws SCHEMA_FORM for a
 * name of which nothing is left, and for two that become one.
 */
export function withTextKeys(table: Table): Table {
  const keySchema = table.keySchema.map(({ name }) => ({ name: keyName(name, table), type: 'S' as const }))
  if (new Set(keySchema.map(({ name }) => name)).size < keySchema.length)
    throw new TailraceError('SCHEMA_FORM', text(table, 'its key attributes have one name without what Avro forbids'))
  return { ...table, keySchema }
}

/** Key attributes of the table again, of keys as `withTextKeys` has them; undefined where a text is not what its type says. */
export function withoutTextKeys(keys: Item, table: Table): Item | undefined {
  const item: Item = Object.fromEntries(
    table.keySchema.map(({ name, type }): [string, AttributeValue] => {
      const value = keys[keyName(name, table)]
      return [name, { [type]: value !== undefined && 'S' in value ? value.S : '' } as AttributeValue]
    }),
  )
  return table.keySchema.every((attribute) => keyAttributeText(item, attribute) !== undefined) ? item : undefined
}

function keyName(name: string, table: Table): string {
  try {
    return trustpilotName(name)
  } catch (error) {
    if (!(error instanceof NoDocument)) throw error
    throw new TailraceError('SCHEMA_FORM', text(table, error.message), { cause: error })
  }
}

function text({ name }: Table, reason: string): string {
  return `table ${name} cannot be written in the envelope trustpilot: ${reason}`
}
