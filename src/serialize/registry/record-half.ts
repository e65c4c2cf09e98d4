import type { AttributeValue, Item } from '../../change/attribute-value.ts'
import type { Document } from '../../change/document.ts'
import { keyAttributeText } from '../../change/item-key.ts'
import type { Table } from '../../change/table.ts'
import type { SchemaRegistry } from '../../schema-registry/schema-registry.ts'
import type { Shape } from '../../shapes/shape.ts'
import type { FittedStruct } from '../fit/fitted-value.ts'
import type { RecordFormat, RecordHalf } from '../record-encoder.ts'
import { schemaFrame } from './schema-frame.ts'
import type { SchemaIdPlace } from './schema-frame.ts'
import { subjectName } from './subject-name.ts'
import type { SubjectStrategy } from './subject-name.ts'

/** How the keys, or the values, of all records are written. */
export interface HalfFormat {
  /** What must be waited for before records of the shape can be written into the topic. Rejects as the registry does. */
  prepare(of: HalfPlace, signal: AbortSignal): Promise<HalfWriter>
}

/** Of which records a half is. */
export interface HalfPlace {
  readonly table: Table
  readonly topic: string
  readonly half: RecordHalf
  readonly shape: Shape
}

/** Writes the keys, or the values, of the records of one table in one topic. */
export interface HalfWriter {
  /** A header of every record that has this half. */
  readonly header: readonly [Buffer, Buffer] | undefined
  /** Throws SCHEMA_MISMATCH and RECORD_UNREADABLE, without a position. `name` is the record's own schema's. */
  write(document: Document, name: string): Buffer
  /** The key attributes of what `write` wrote; undefined for anything else. */
  readKey(bytes: Buffer): Item | undefined
}

/** A half whose schema is in a registry. */
export function createRegisteredHalf(options: {
  readonly registry: SchemaRegistry
  readonly format: RecordFormat
  readonly subjects: SubjectStrategy
  readonly idPlace: SchemaIdPlace
}): HalfFormat {
  const { registry, format, subjects, idPlace } = options
  return {
    prepare: async ({ table, topic, half, shape }, signal) => {
      const own = format.encoder(shape, half)
      const subject = subjectName(subjects, { topic, half, schemaName: own.schemaName })
      const registered = await registry.resolve(subject, own.schema, signal)
      const encoder = registered.text === own.schema.text ? own : own.writingBy(registered)
      const { header, frame, unframe } = schemaFrame(idPlace, registered, { half, encoder })
      return {
        header,
        write: (document) => frame(encoder.encode(document)),
        readKey: (bytes) => {
          const payload = unframe(bytes)
          const fields = payload === undefined ? undefined : encoder.decodeKey(payload)
          return fields === undefined ? undefined : keyOf(fields, shape, table)
        },
      }
    },
  }
}

/** The key attributes, if the fields are those of the table's key schema, and of its types. */
function keyOf(fields: FittedStruct, shape: Shape, { keySchema }: Table): Item | undefined {
  if (shape.fields.length !== keySchema.length) return undefined
  const entries: [string, AttributeValue][] = []
  for (const [index, { name, type }] of keySchema.entries()) {
    const field = fields[index]
    const text = Buffer.isBuffer(field) ? field.toString('base64') : field
    if (shape.fields[index]?.name !== name || typeof text !== 'string') return undefined
    if (Buffer.isBuffer(field) !== (type === 'B')) return undefined
    entries.push([name, { [type]: text } as AttributeValue])
  }
  const item: Item = Object.fromEntries(entries)
  return keySchema.every((attribute) => keyAttributeText(item, attribute) !== undefined) ? item : undefined
}
