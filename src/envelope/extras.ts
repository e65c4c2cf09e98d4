import { canonicalItem } from '../change/canonical-item.ts'
import type { Item } from '../change/attribute-value.ts'
import type { ChangeEvent } from '../change/change-event.ts'
import type { Document, DocumentValue } from '../change/document.ts'
import type { FieldShape, FieldType, RecordShapes, Shape } from '../shapes/shape.ts'
import { documentsOf } from './debezium-document.ts'
import type { DocumentRecord, RecordHeader } from './document-payload.ts'
import type { Envelope } from './envelope.ts'

/** What can be said of a change besides its images. All of them are flat scalars. */
export type Extra = 'changed_fields' | 'ttl_delete' | 'replicated' | 'size_bytes' | 'ingested_ms'

/** In the order in which they are written. */
export const extras: readonly Extra[] = ['changed_fields', 'ttl_delete', 'replicated', 'size_bytes', 'ingested_ms']

export interface ExtraOptions {
  readonly wanted: ReadonlySet<Extra>
  /** `source`: members of the envelope's `source`. `headers`: headers `tailrace.<name>`, for envelopes without a source. */
  readonly place: 'source' | 'headers'
}

/** The same envelope with more told about each change. Tombstones have headers, too. */
export function withExtras(inner: Envelope, { wanted, place }: ExtraOptions): Envelope {
  const names = extras.filter((name) => wanted.has(name))
  return {
    wrap: (event, nowMs, isShort) => {
      const payload = documentsOf(inner.wrap(event, nowMs, isShort))
      const values = names.map((name) => [name, extraOf(name, event, { nowMs, region: payload.table.region })] as const)
      const records = payload.records.map((record) =>
        place === 'source' ? withSource(record, values) : withHeaders(record, values),
      )
      return { ...payload, records }
    },
    shapes: (row) => {
      const shapes = inner.shapes(row)
      return place === 'source' ? withSourceFields(shapes, names) : shapes
    },
  }
}

type ExtraValue = boolean | number | string | null

function extraOf(
  name: Extra,
  event: ChangeEvent,
  { nowMs, region }: { readonly nowMs: number; readonly region: string },
): ExtraValue {
  switch (name) {
    case 'changed_fields':
      return changedFields(event)
    case 'ttl_delete':
      return isTtlDelete(event)
    case 'replicated':
      return isReplicated(event, region)
    case 'size_bytes':
      return event.snapshot === undefined ? event.sizeBytes : null
    case 'ingested_ms':
      return Math.trunc(nowMs)
  }
}

/**
 * The names of the attributes that the change made, changed or took away, as JSON text, sorted by code unit; null if there
 * are no two images to compare. Equal values in another order or notation are no change.
 */
function changedFields({ operation, oldImage, newImage }: ChangeEvent): string | null {
  if (operation === 'READ') return null
  const before = operation === 'INSERT' ? {} : oldImage
  const after = operation === 'REMOVE' ? {} : newImage
  if (before === undefined || after === undefined) return null
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  return JSON.stringify([...names].filter((name) => !isEqual(name, before, after)).sort())
}

function isEqual(name: string, before: Item, after: Item): boolean {
  const [left, right] = [only(name, before), only(name, after)]
  return left !== undefined && left === right
}

function only(name: string, item: Item): string | undefined {
  const value = Object.hasOwn(item, name) ? item[name] : undefined
  return value === undefined ? undefined : canonicalItem({ value })
}

/** In the region where time to live ran; replicas of a global table see an ordinary delete. */
function isTtlDelete({ operation, userIdentity }: ChangeEvent): boolean {
  return (
    operation === 'REMOVE' && userIdentity?.type === 'Service' && userIdentity.principalId === 'dynamodb.amazonaws.com'
  )
}

/**
 * Global tables of version 2017.11.29 keep the region of the last write in the item; those of 2019.11.21 say nothing, and
 * then nobody can tell: null.
 */
function isReplicated({ newImage, oldImage }: ChangeEvent, ownRegion: string): boolean | null {
  const image = newImage ?? oldImage
  const name = 'aws:rep:updateregion'
  const region = image !== undefined && Object.hasOwn(image, name) ? image[name] : undefined
  return region === undefined || !('S' in region) ? null : region.S !== ownRegion
}

function withSource(record: DocumentRecord, values: readonly (readonly [Extra, ExtraValue])[]): DocumentRecord {
  const { value } = record
  if (value === null) return record
  const added = Object.fromEntries(values.map(([name, content]) => [name, documentValue(content)]))
  return { ...record, value: intoSource(value, added) }
}

/** The envelope may itself be the data of a CloudEvent. */
function intoSource(value: Document, added: Document): Document {
  const { source, data } = value
  if (source !== undefined && 'DOC' in source) return { ...value, source: { DOC: { ...source.DOC, ...added } } }
  if (data !== undefined && 'DOC' in data) return { ...value, data: { DOC: intoSource(data.DOC, added) } }
  return value
}

function documentValue(content: ExtraValue): DocumentValue {
  if (content === null) return { NULL: true }
  if (typeof content === 'boolean') return { BOOL: content }
  return typeof content === 'number' ? { INT: content } : { S: content }
}

function withHeaders(record: DocumentRecord, values: readonly (readonly [Extra, ExtraValue])[]): DocumentRecord {
  const added = values.flatMap(([name, content]): readonly RecordHeader[] =>
    content === null ? [] : [[`tailrace.${name}`, String(content)]],
  )
  return { ...record, headers: [...record.headers, ...added] }
}

const types: Readonly<Record<Extra, FieldType>> = {
  changed_fields: { kind: 'string' },
  ttl_delete: { kind: 'boolean' },
  replicated: { kind: 'boolean' },
  size_bytes: { kind: 'int64' },
  ingested_ms: { kind: 'int64' },
}

function withSourceFields(shapes: RecordShapes, names: readonly Extra[]): RecordShapes {
  const added = names.map((name): FieldShape => ({ name, type: types[name], isOptional: true }))
  return { ...shapes, value: intoSourceShape(shapes.value, added) }
}

function intoSourceShape(shape: Shape, added: readonly FieldShape[]): Shape {
  const fields = shape.fields.map((field): FieldShape => {
    if (field.type.kind !== 'struct') return field
    if (field.name === 'source') return { ...field, type: { kind: 'struct', shape: longer(field.type.shape, added) } }
    if (field.name === 'data')
      return { ...field, type: { kind: 'struct', shape: intoSourceShape(field.type.shape, added) } }
    return field
  })
  return { ...shape, fields }
}

function longer(shape: Shape, added: readonly FieldShape[]): Shape {
  return { ...shape, fields: [...shape.fields, ...added] }
}
