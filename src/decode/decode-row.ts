import type { AttributeValue, Item } from '../change/attribute-value.ts'
import type { ChangeEvent, SnapshotMark } from '../change/change-event.ts'
import type { Table } from '../change/table.ts'
import { TailraceError } from '../errors.ts'

/** What a row carries besides its item. */
export interface RowContext {
  /** When the row's page was asked for: a consistent read holds everything that was written before. Milliseconds. */
  readonly readAtMs: number
  readonly snapshot: SnapshotMark
}

/**
 * Makes a change of an item that a scan returned (as `JSON.parse` gave it, untrusted). It holds what the table's stream
 * would hold: of a view without new images the keys alone, since no later change could bring such a row up to date.
 * Throws RECORD_UNREADABLE, which names no value.
 */
export function decodeRow(wire: unknown, table: Table, { readAtMs, snapshot }: RowContext): ChangeEvent {
  if (!isItem(wire)) throw unreadable('it is not an object', table)
  return {
    operation: 'READ',
    keys: keysOf(wire, table),
    oldImage: undefined,
    newImage: table.viewType === 'NEW_AND_OLD_IMAGES' || table.viewType === 'NEW_IMAGE' ? wire : undefined,
    eventId: '',
    shardId: '',
    sequenceNumber: '',
    createdAtMs: readAtMs,
    userIdentity: undefined,
    sizeBytes: 0,
    snapshot,
  }
}

/** Makes a delete of an item that a topic still has and its table no longer: a snapshot found it missing. */
export function vanishedItem(keys: Item, { readAtMs, snapshot }: RowContext): ChangeEvent {
  return {
    operation: 'REMOVE',
    keys,
    oldImage: undefined,
    newImage: undefined,
    eventId: '',
    shardId: '',
    sequenceNumber: '',
    createdAtMs: readAtMs,
    userIdentity: undefined,
    sizeBytes: 0,
    snapshot,
  }
}

/** The key attributes alone, in the order of the schema. By entries, because an attribute may be called `__proto__`. */
export function keysOf(item: Item, table: Table): Item {
  return Object.fromEntries(
    table.keySchema.map(({ name }): [string, AttributeValue] => {
      const value = Object.hasOwn(item, name) ? item[name] : undefined
      if (value === undefined) throw unreadable(`it has no key attribute ${name}`, table)
      return [name, value]
    }),
  )
}

/** True for an object, whatever its members are. */
export function isItem(value: unknown): value is Item {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function unreadable(reason: string, table: Table): TailraceError {
  return new TailraceError('RECORD_UNREADABLE', `A row of table ${table.name} cannot be decoded: ${reason}`, {
    details: { table: table.name, reason },
  })
}
