import type { Document, DocumentValue } from '../../change/document.ts'
import type { DocumentRecord } from '../../envelope/document-payload.ts'
import { TailraceError } from '../../errors.ts'
import type { FieldShape, RecordShapes, Shape } from '../../shapes/shape.ts'
import type { RecordOrigin } from '../record-transform.ts'
import type { Side, Step } from './step.ts'

/** Applies a change of fields to one half of a record. Tombstones pass as they are. */
export function fieldsStep(
  side: Side,
  change: (document: Document, record: DocumentRecord, origin: RecordOrigin) => Document,
  shape: (shape: Shape) => Shape,
): Step {
  return {
    apply(record, origin) {
      const fields = record[side]
      return fields === null ? record : { ...record, [side]: change(fields, record, origin) }
    },
    shapes: (shapes) => onSide(shapes, side, shape),
  }
}

/** The shapes with one of them changed. */
export function onSide(shapes: RecordShapes, side: Side, change: (shape: Shape) => Shape): RecordShapes {
  return { ...shapes, [side]: change(shapes[side]) }
}

/** A field by its name; undefined if there is none. */
export function fieldOf(document: Document, name: string): DocumentValue | undefined {
  return Object.hasOwn(document, name) ? document[name] : undefined
}

/** The document with the fields that `keep` leaves, under the names that it gives; later ones win. */
export function renamed(document: Document, nameFor: (name: string) => string | undefined): Document {
  return Object.fromEntries(
    Object.entries(document).flatMap(([name, value]): [string, DocumentValue][] => {
      const kept = nameFor(name)
      return kept === undefined ? [] : [[kept, value]]
    }),
  )
}

/** Each value as `change` makes it of it; the same value where it makes nothing of it. */
export function replaced(
  document: Document,
  change: (value: DocumentValue, name: string) => DocumentValue | undefined,
): Document {
  return Object.fromEntries(
    Object.entries(document).map(([name, value]): [string, DocumentValue] => [name, change(value, name) ?? value]),
  )
}

/** With further fields behind those that are there; one of the same name is replaced in its place. */
export function withFields(document: Document, fields: readonly (readonly [string, DocumentValue])[]): Document {
  return Object.fromEntries([...Object.entries(document), ...fields])
}

/** As `withFields`, of a shape. */
export function withFieldShapes(shape: Shape, added: readonly FieldShape[]): Shape {
  const fields = new Map<string, FieldShape>(shape.fields.map((field) => [field.name, field]))
  for (const field of added) fields.set(field.name, field)
  return { ...shape, fields: [...fields.values()] }
}

/** What a value consists of if it is made of fields: a map, a nested document, an image. */
export function membersOf(value: DocumentValue): Document | undefined {
  const members: unknown =
    'M' in value
      ? value.M
      : 'DOC' in value
        ? value.DOC
        : 'ITEM' in value
          ? value.ITEM
          : 'TYPED' in value
            ? value.TYPED
            : undefined
  return typeof members === 'object' && members !== null && !Array.isArray(members) ? (members as Document) : undefined
}

/** TRANSFORM_FAILED; the chain adds which transform it was. */
export function failed(message: string): TailraceError {
  return new TailraceError('TRANSFORM_FAILED', message)
}

/** CONFIG_INVALID for records whose form cannot be told; the chain adds which transform it was. */
export function untold(message: string): TailraceError {
  return new TailraceError('CONFIG_INVALID', message)
}

/** A name for messages: names of attributes may be data, and of any length. */
export function shown(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 77)}...` : name)
}
