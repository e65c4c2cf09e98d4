import type { Document, DocumentValue } from '../../change/document.ts'
import type { FieldType, Shape } from '../../shapes/shape.ts'
import { fieldOf, membersOf, shown, untold } from './sides.ts'

/** The end of an envelope's schema name: how Debezium's transforms know one. */
const envelopeSuffix = '.Envelope'

/** True for the schema name of an envelope. */
export function isEnvelope(schemaName: string): boolean {
  return schemaName.endsWith(envelopeSuffix)
}

/** The schema name of what a field of a record holds; both images of an envelope are rows. */
export function nestedName(schemaName: string, field: string): string {
  return isEnvelope(schemaName) && (field === 'before' || field === 'after')
    ? `${schemaName.slice(0, -envelopeSuffix.length)}.Value`
    : `${schemaName}.${field}`
}

/** The value at the end of a path of names; undefined if there is none. */
export function valueAt(document: Document, path: readonly string[]): DocumentValue | undefined {
  let current: DocumentValue | undefined = { DOC: document }
  for (const name of path) {
    const members: Document | undefined = current === undefined ? undefined : membersOf(current)
    current = members === undefined ? undefined : fieldOf(members, name)
  }
  return current
}

/** The field's type at the end of a path; undefined if there is none, or it lies in what has no fields of its own. */
export function typeAt(shape: Shape, path: readonly string[]): FieldType | undefined {
  let current: FieldType | undefined = { kind: 'struct', shape }
  for (const name of path) {
    const fields: Shape['fields'] = current?.kind === 'struct' ? current.shape.fields : []
    current = fields.find((field) => field.name === name)?.type
  }
  return current
}

/**
 * The shape of records that are what a field was. An image that is one JSON text keeps being one, in the field `item`.
 * Throws CONFIG_INVALID for fields that are not made of fields.
 */
export function shapeOfField(type: FieldType | undefined, field: string, name: string): Shape {
  if (type?.kind === 'struct') return type.shape
  if (type?.kind === 'json') return { name, fields: [], rest: 'item' }
  if (type?.kind === 'map') throw untold(`nobody knows the fields of ${shown(field)}; declare them`)
  throw untold(`${shown(field)} is not made of fields, and nothing else can be a record's key or value`)
}
