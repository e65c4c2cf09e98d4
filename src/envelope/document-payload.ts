import type { ChangeEvent } from '../change/change-event.ts'
import type { Document } from '../change/document.ts'
import type { Table } from '../change/table.ts'

/** A header besides those that every record has. Text is written as UTF-8. */
export type RecordHeader = readonly [name: string, content: string | Buffer]

/** One record before it is serialized: what Kafka Connect calls a source record. */
export interface DocumentRecord {
  /** The key's fields: the key attributes, hash key first, unless something made another key. */
  readonly key: Document
  /** Null for a tombstone. */
  readonly value: Document | null
  readonly headers: readonly RecordHeader[]
  /** The names of the schemas that describe it, for forms that carry or register one. */
  readonly schemaNames: { readonly key: string; readonly value: string }
  /** Where it goes; undefined means the table's own topic. */
  readonly topic: string | undefined
}

/** A change as records of fields, for every form that has no faster way of its own. */
export interface DocumentPayload {
  readonly kind: 'document'
  /** In the order in which they must be written; none for a change that leaves no record. */
  readonly records: readonly DocumentRecord[]
  readonly event: ChangeEvent
  readonly table: Table
}
