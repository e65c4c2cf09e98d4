import type { ChangeEvent } from '../change/change-event.ts'
import type { Table } from '../change/table.ts'
import { TailraceError } from '../errors.ts'
import { decodeRow, isItem, keysOf, vanishedItem } from './decode-row.ts'
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
  return vanishedItem(keysOf(keys, table), at)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return isItem(value)
}

function unreadable(reason: string, table: Table): TailraceError {
  return new TailraceError('RECORD_UNREADABLE', `A line of an export of ${table.name} cannot be decoded: ${reason}`, {
    details: { table: table.name, reason },
  })
}
