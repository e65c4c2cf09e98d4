import { parseJson } from '../../aws/exact-json.ts'
import { isJsonObject } from '../../aws/json-object.ts'
import type { KinesisRecord } from '../../change/kinesis-record.ts'
import type { TableEntry } from '../../lanes/ledger-entry.ts'
import { letterHeaders } from '../../rejection/letter-headers.ts'
import type { LetterKey } from '../../rejection/letter-key.ts'
import { headerOf } from '../../rejection/stored-letter.ts'
import type { StoredLetter } from '../../rejection/stored-letter.ts'
import type { LetterContent } from './letter-log.ts'

/** True for the letter of a record of a Kinesis stream: its position says when it arrived, and not when it was made. */
export function isOfStream(key: LetterKey): boolean {
  return key.deadLetter === 'change' && /^arn:[^:]+:kinesis:/.test(key.stream)
}

/** Whose letter it is: a table's, or that of the Kinesis stream in which the table's change was. By ARN. */
export function entryOfLetter(key: LetterKey, tables: ReadonlyMap<string, TableEntry>): TableEntry | undefined {
  const own = tables.get(key.table)
  if (own !== undefined || key.deadLetter !== 'change' || !isOfStream(key)) return own
  return [...tables.values()].find(({ table }) => table.isStream === true && key.stream.startsWith(`${table.arn}/`))
}

/**
 * The record of a Kinesis stream that a letter is of. It is late no more: whoever replays sees whether there is something
 * newer. When it arrived is known only of records that tell no time of their own.
 */
export function recordOfLetter(
  { key, createdAtMs }: Pick<StoredLetter, 'key' | 'createdAtMs'>,
  { value, headers }: LetterContent,
  { topic }: Pick<TableEntry, 'topic'>,
): KinesisRecord {
  const [sequenceNumber = '', place] = key.deadLetter === 'change' ? key.seq.split('/') : []
  return {
    sequenceNumber,
    subSequence: place === undefined ? undefined : Number(place),
    partitionKey: headerOf(headers, letterHeaders.partitionKey) ?? '',
    arrivedAtMs: Number.isFinite(createdAtMs) ? createdAtMs : 0,
    data: value,
    // A stream with a topic of its own is delivered as it is.
    change: topic === '' ? changeIn(value) : undefined,
    isLate: false,
  }
}

function changeIn(value: Buffer): KinesisRecord['change'] {
  try {
    const parsed = parseJson(value)
    return isJsonObject(parsed) ? parsed : undefined
  } catch {
    // Not JSON: it was foreign.
    return undefined
  }
}
