import type { Item } from '../change/attribute-value.ts'
import type { SnapshotMark } from '../change/change-event.ts'
import { decodeExportLine } from '../decode/decode-export-line.ts'
import { decodeRow, vanishedItem } from '../decode/decode-row.ts'
import type { Envelope } from '../envelope/envelope.ts'
import { TailraceError } from '../errors.ts'
import type { ProducerRecord } from '../kafka/kafka.ts'
import type { TableEntry } from '../lanes/ledger-entry.ts'
import type { RowImage, RowInput, RowOutput, VanishedInput } from '../pipeline/stages.ts'
import type { SerializedRecord, Serializer } from '../serialize/serializer.ts'
import { rowImageOf } from './contained-changes.ts'
import { addRecords, refuseTooLarge, sizeOfRecords } from './producer-records.ts'
import type { RecordLimits } from './producer-records.ts'

/** The rows of a scanned page, without those that a newer change has displaced. */
export function processRows(input: RowInput, envelope: Envelope, serializer: Serializer): RowOutput {
  const { table, items, readAtMs, isDisplaced, withImages = false } = input
  const limits: RecordLimits = { table, maxRecordBytes: input.maxRecordBytes, position: undefined }
  const records: ProducerRecord[] = []
  const images: RowImage[] = []
  let bytes = 0
  let rows = 0
  const rowOf = (item: unknown, snapshot: SnapshotMark): readonly SerializedRecord[] => {
    const event = (input.form === 'items' ? decodeRow : decodeExportLine)(item, table.table, { readAtMs, snapshot })
    const serialized = serializer.serialize(envelope.wrap(event, input.nowMs))
    return serialized.some(({ key }) => isDisplaced(key)) ? [] : serialized
  }
  try {
    const last = input.isLast ? items.findLastIndex((item) => rowOf(item, 'true').length > 0) : -1
    for (const [index, item] of items.entries()) {
      const serialized = rowOf(item, markOf(input, { isFirst: rows === 0, isLast: index === last }))
      if (serialized.length === 0) continue
      refuseTooLarge(serialized, limits)
      bytes += sizeOfRecords(serialized)
      addRecords(records, serialized, table, readAtMs)
      rows++
      const image = withImages ? imageOf(item, input) : undefined
      if (image !== undefined) images.push(image)
    }
    return { records, bytes, rows, images, failure: undefined }
  } catch (error) {
    const failure =
      error instanceof TailraceError
        ? error
        : new TailraceError('RECORD_UNREADABLE', 'a row of a snapshot could not be converted', { cause: error })
    return { records, bytes, rows, images, failure }
  }
}

function imageOf(item: unknown, { table, readAtMs }: RowInput): RowImage | undefined {
  return rowImageOf(decodeRow(item, table.table, { readAtMs, snapshot: 'true' }), table.table)
}

/**
 * Deletes for keys that were read back from the topic. A key from which no item's key can be made again, byte for byte, was
 * not written by this pipeline as it is configured now: it ends the page, since leaving it out would leave its item behind.
 */
export function processVanished(
  input: VanishedInput,
  envelope: Envelope,
  serializer: Serializer,
  name: string,
): RowOutput {
  const { table, keys, kind, readAtMs, isDisplaced } = input
  const snapshot = kind === 'incremental' ? 'incremental' : 'true'
  const records: ProducerRecord[] = []
  let bytes = 0
  let rows = 0
  const deleteOf = (keys: Item): readonly SerializedRecord[] =>
    serializer.serialize(envelope.wrap(vanishedItem(keys, { readAtMs, snapshot }), input.nowMs))
  for (const key of keys) {
    if (isDisplaced(key)) continue
    const item = serializer.readKey(key, table.table, name)
    const serialized = item === undefined ? [] : deleteOf(item)
    if (serialized[0]?.key.equals(key) !== true) return { records, bytes, rows, images: [], failure: unknownKey(table) }
    bytes += sizeOfRecords(serialized)
    addRecords(records, serialized, table, readAtMs)
    rows++
  }
  return { records, bytes, rows, images: [], failure: undefined }
}

function unknownKey({ topic, table }: TableEntry): TailraceError {
  const text = `topic ${topic} holds a key of table ${table.name} in another form than the configuration gives it now`
  return new TailraceError('SNAPSHOT_KEYS', text, { details: { topic, table: table.name } })
}

/** Debezium's words. A row that is both the first and the last is the last: readers wait for that one. */
function markOf(
  { kind, isFirst }: RowInput,
  row: { readonly isFirst: boolean; readonly isLast: boolean },
): SnapshotMark {
  if (kind === 'incremental') return 'incremental'
  if (row.isLast) return 'last'
  return isFirst && row.isFirst ? 'first' : 'true'
}
