import type { Item } from '../../change/attribute-value.ts'
import type { SnapshotMark } from '../../change/change-event.ts'
import { decodeExportLine } from '../../decode/decode-export-line.ts'
import { decodeRow, vanishedItem } from '../../decode/decode-row.ts'
import type { Envelope } from '../../envelope/envelope.ts'
import { TailraceError } from '../../errors.ts'
import type { TableEntry } from '../../lanes/ledger-entry.ts'
import type { RowImage, RowInput, RowOutput, VanishedInput } from '../../pipeline/stages.ts'
import type { RejectedRow } from '../../rejection/rejection.ts'
import type { SerializedRecord } from '../../serialize/serializer.ts'
import { rowImageOf } from './contained-changes.ts'
import type { RecordStagesOptions } from './stage-parts.ts'
import { asTailraceError, decodedUnit, rejectedUnit, transformChanges, wrapUnit } from './unit.ts'
import type { Unit, UnitPlace, Wrapping } from './unit.ts'
import { createUnitWriter, orAbandon } from './unit-writer.ts'
import type { UnitWriter } from './unit-writer.ts'

/** The rows of a scanned page, without those that a newer change has displaced. */
export async function processRows(
  input: RowInput,
  envelope: Envelope,
  options: RecordStagesOptions,
  signal: AbortSignal,
): Promise<RowOutput> {
  const { items } = input
  const wrapping = wrappingOf(input, envelope, options)
  const units = items.map((item) => decodeOne(item, input))
  await transformChanges(units, options, input.table.table, signal)
  for (const unit of units) wrapUnit(unit, wrapping)
  const writer = await createUnitWriter(units, { ...input, wrapping, turn: undefined }, options, signal)
  return orAbandon(writer, () => writeRows(units, writer, input, wrapping))
}

async function writeRows(
  units: readonly Unit[],
  writer: UnitWriter,
  input: RowInput,
  wrapping: Wrapping,
): Promise<RowOutput> {
  const { isDisplaced, readAtMs, withImages = false } = input
  const found = units.map((unit) => ({ unit, records: writer.serialize(unit) }))
  const rows = found.filter(({ records }) => !records.some(({ key }) => isDisplaced(key)))
  const isRow = ({ unit, records }: FoundRow): boolean => unit.rejection === undefined && records.length > 0
  const [first, last] = [rows.find(isRow), rows.findLast(isRow)]
  const images: RowImage[] = []
  let count = 0
  for (const row of rows) {
    const mark = markOf(input, { isFirst: row === first, isLast: row === last })
    const waiting = writer.add(row.unit, marked(row, mark, wrapping, writer), readAtMs)
    const failure = waiting === undefined ? undefined : await waiting
    if (failure !== undefined) return outputOf(writer, { rows: count, images, failure })
    if (!isRow(row)) continue
    count++
    const image = withImages ? imageOf(row.unit.wire, input) : undefined
    if (image !== undefined) images.push(image)
  }
  return outputOf(writer, { rows: count, images, failure: undefined })
}

interface FoundRow {
  readonly unit: Unit
  readonly records: readonly SerializedRecord[]
}

/** Which row is the first and which the last shows only when it is known which of them are left. */
function marked(
  { unit, records }: FoundRow,
  mark: SnapshotMark,
  wrapping: Wrapping,
  writer: UnitWriter,
): readonly SerializedRecord[] {
  if (unit.rejection !== undefined || unit.changes.every(({ event }) => event.snapshot === mark)) return records
  unit.changes = unit.changes.map((change) => ({ ...change, event: { ...change.event, snapshot: mark } }))
  wrapUnit(unit, wrapping)
  return writer.serialize(unit)
}

function decodeOne(item: unknown, input: RowInput): Unit {
  const { table, readAtMs, form, kind } = input
  const place: UnitPlace = { kind: 'row', row: rejectedRowOf(input) }
  const snapshot = kind === 'incremental' ? 'incremental' : 'true'
  try {
    const decode = form === 'items' ? decodeRow : decodeExportLine
    return decodedUnit(item, decode(item, table.table, { readAtMs, snapshot }), place)
  } catch (error) {
    const rejection = { stage: 'VALUE_DECODER', error: asTailraceError(error, 'could not be decoded') } as const
    return rejectedUnit(item, rejection, place)
  }
}

/**
 * While a snapshot makes up for losses, an item without a record counts as gone in the end: a row must not be missing then,
 * so it stops the snapshot.
 */
function rejectedRowOf({ table, readAtMs, form, kind }: RowInput): RejectedRow | undefined {
  return table.snapshot?.regains === true ? undefined : { kind: 'row', form, snapshot: kind, readAtMs }
}

function wrappingOf(
  { table, nowMs }: Pick<RowInput, 'table' | 'nowMs'>,
  envelope: Envelope,
  { recordTransforms = [] }: RecordStagesOptions,
): Wrapping {
  return { envelope, recordTransforms, table: table.table, topic: table.topic, nowMs }
}

function outputOf(writer: UnitWriter, more: Pick<RowOutput, 'rows' | 'images' | 'failure'>): RowOutput {
  const { records, bytes, left, attachments, hasOversized } = writer
  return { records, bytes, ...more, left, attachments, hasOversized }
}

function imageOf(item: unknown, { table, readAtMs }: RowInput): RowImage | undefined {
  return rowImageOf(decodeRow(item, table.table, { readAtMs, snapshot: 'true' }), table.table)
}

/**
 * Deletes for keys that were read back from the topic. A key from which no item's key can be made again, byte for byte, was
 * not written by this pipeline as it is configured now: it ends the page, since leaving it out would leave its item behind.
 * Change transforms have no say: what they would see of an item is gone, and whatever they made of it is to go, too.
 */
export async function processVanished(
  input: VanishedInput,
  envelope: Envelope,
  options: RecordStagesOptions,
  signal: AbortSignal,
): Promise<RowOutput> {
  const wrapping = wrappingOf(input, envelope, options)
  // Reading a key may need what writing needs: a schema.
  const writer = await createUnitWriter([], { ...input, wrapping, turn: undefined }, options, signal)
  return orAbandon(writer, () => writeDeletes(writer, input, { options, wrapping }))
}

async function writeDeletes(
  writer: UnitWriter,
  { table, keys, kind, readAtMs, isDisplaced }: VanishedInput,
  parts: { readonly options: RecordStagesOptions; readonly wrapping: Wrapping },
): Promise<RowOutput> {
  const { serializer, name } = parts.options
  const snapshot = kind === 'incremental' ? 'incremental' : 'true'
  const recordsOf = (item: Item): FoundRow => {
    const unit = decodedUnit(item, vanishedItem(item, { readAtMs, snapshot }), { kind: 'row', row: undefined })
    wrapUnit(unit, parts.wrapping)
    return { unit, records: writer.serialize(unit) }
  }
  let rows = 0
  for (const key of keys) {
    if (isDisplaced(key)) continue
    const item = serializer.readKey(key, table.table, name)
    const found = item === undefined ? undefined : recordsOf(item)
    if (found === undefined || !(isDropped(found) || isDeleteOf(key, found, table)))
      return outputOf(writer, { rows, images: [], failure: found?.unit.rejection?.error ?? unknownKey(table) })
    const waiting = writer.add(found.unit, found.records, readAtMs)
    const failure = waiting === undefined ? undefined : await waiting
    if (failure !== undefined) return outputOf(writer, { rows, images: [], failure })
    rows++
  }
  return outputOf(writer, { rows, images: [], failure: undefined })
}

/** Its record has the key that was read, and goes where that was read. */
function isDeleteOf(key: Buffer, { records }: FoundRow, { topic }: TableEntry): boolean {
  return records[0]?.key.equals(key) === true && records.every((record) => (record.topic ?? topic) === topic)
}

/** Transforms leave nothing of a delete: nobody is to hear of it. */
function isDropped({ unit, records }: FoundRow): boolean {
  return unit.rejection === undefined && records.length === 0
}

function unknownKey({ topic, table }: TableEntry): TailraceError {
  const text = `topic ${topic} holds a key of table ${table.name} in another form than the configuration gives it now`
  return new TailraceError('SNAPSHOT_KEYS', text, { details: { topic, table: table.name } })
}

/** Debezium's words. A row that is both the first and the last is the last: readers wait for that one. */
function markOf(
  { kind, isFirst, isLast }: RowInput,
  row: { readonly isFirst: boolean; readonly isLast: boolean },
): SnapshotMark {
  if (kind === 'incremental') return 'incremental'
  if (isLast && row.isLast) return 'last'
  return isFirst && row.isFirst ? 'first' : 'true'
}
