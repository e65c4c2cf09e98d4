import { isJsonObject } from '../aws/json-object.ts'
import type { JsonObject } from '../aws/json-object.ts'
import type { KeyAttribute } from '../change/table.ts'
import { TailraceError } from '../errors.ts'

/** Reads the keys out of a table's description, hash key first. Throws AWS_RESPONSE for what is not understood. */
export function readKeySchema(table: JsonObject): readonly KeyAttribute[] {
  const { KeySchema: schema, AttributeDefinitions: definitions } = table
  if (!Array.isArray(schema) || !Array.isArray(definitions)) throw misshapenTable('KeySchema')
  const types = new Map<string, unknown>()
  for (const definition of definitions.filter(isJsonObject))
    types.set(describedText(definition, 'AttributeName'), definition['AttributeType'])
  const attributes = schema.filter(isJsonObject)
  const ordered = [
    ...attributes.filter((a) => a['KeyType'] === 'HASH'),
    ...attributes.filter((a) => a['KeyType'] === 'RANGE'),
  ]
  if (ordered.length === 0 || ordered.length !== schema.length) throw misshapenTable('KeySchema')
  return ordered.map((attribute) => {
    const name = describedText(attribute, 'AttributeName')
    const type = types.get(name)
    if (type !== 'S' && type !== 'N' && type !== 'B') throw misshapenTable('AttributeDefinitions')
    return { name, type }
  })
}

/** A member of a table's description that is a text. Throws AWS_RESPONSE. */
export function describedText(object: JsonObject, member: string): string {
  const value = object[member]
  if (typeof value !== 'string' || value === '') throw misshapenTable(member)
  return value
}

export function misshapenTable(member: string): TailraceError {
  return new TailraceError('AWS_RESPONSE', `DescribeTable answered without a readable ${member}`)
}
