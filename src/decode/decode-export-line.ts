import type { AttributeValue, Item } from '../change/attribute-value.ts'
import type { ChangeEvent } from '../change/change-event.ts'
import type { Table } from '../change/table.ts'
import { TailraceError } from '../errors.ts'
import { decodeRow, vanishedItem } from './decode-row.ts'
import type { RowContext } from './decode-row.ts'
import { writeTimeMicros } from './write-time.ts'

/**
 * Makes a row of a line of an incremental export: how its item was left, whatever happened to it before; or a delete, if it
 * was left deleted. Its time is that of the item's last write. The line is as `JSON.parse` gave it, untrusted. Throws
 * RECORD_UNREADABLE, which names no value.
 */
export function decodeExportLine(line: unknown, table: Table, context: RowContext): ChangeEvent {
  if (!isObject(line) || !isItem(line['Keys'])) throw unreadable('it has no Keys', table)
  const micros = writeTimeMicros(line['Metadata'])
  const at: RowContext = { ...context, readAtMs: micros === undefined ? context.readAtMs : Math.floor(micros / 1000) }
  const { NewImage: image, Keys: keys } = line
  if (image !== undefined) return decodeRow(image, table, at)
  return vanishedItem(keyAttributes(keys, table), at)
}

/** The keys alone, in the order of the schema. */
function keyAttributes(keys: Item, table: Table): Item {
  return Object.fromEntries(
    table.keySchema.map(({ name }): [string, AttributeValue] => {
      const value = Object.hasOwn(keys, name) ? keys[name] : undefined
      if (value === undefined) throw unreadable(`its Keys have no ${name}`, table)
      return [name, value]
    }),
  )
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isItem(value: unknown): value is Item {
  return isObject(value)
}

function unreadable(reason: string, table: Table): TailraceError {
  return new TailraceError('RECORD_UNREADABLE', `A line of an export of ${table.name} cannot be decoded: ${reason}`, {
    details: { table: table.name, reason },
  })
}
