import type { Table } from '../change/table.ts'
import { TailraceError } from '../errors.ts'

/** What is too large, and for whom. */
export interface TooLarge {
  readonly table: Table
  readonly topic: string
  readonly maxRecordBytes: number
  /** Of the batch that would have been sent. */
  readonly bytes: number
  /** Of a change; undefined for a row of a snapshot. */
  readonly position: { readonly shard: string; readonly sequenceNumber: string } | undefined
}

/** RECORD_TOO_LARGE, with the position and without a value. `toDeadLetters` asks for a dead letter in any case. */
export function tooLarge(
  { table, topic, maxRecordBytes, bytes, position }: TooLarge,
  toDeadLetters = false,
): TailraceError {
  const what = position === undefined ? 'a row of a snapshot' : 'a change'
  const where = position === undefined ? '' : ` (shard ${position.shard}, sequence number ${position.sequenceNumber})`
  const details = { table: table.name, topic, ...position, bytes, ...(toDeadLetters ? { deadLetter: true } : {}) }
  return new TailraceError(
    'RECORD_TOO_LARGE',
    `${what} of table ${table.name} makes a record of ${bytes} bytes, topic ${topic} takes ${maxRecordBytes}${where}`,
    { details },
  )
}
