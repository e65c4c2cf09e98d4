import type { ChangeEvent } from '../../change/change-event.ts'
import type { Table } from '../../change/table.ts'
import type { DocumentRecord, RecordHeader } from '../../envelope/document-payload.ts'
import type { Envelope, Payload } from '../../envelope/envelope.ts'
import { documentsOf } from '../../envelope/debezium-document.ts'
import { TailraceError } from '../../errors.ts'
import type { StagePosition } from '../../pipeline/stages.ts'
import type { RejectedBytes, RejectedRecord, RejectedRow, RejectionStage } from '../../rejection/rejection.ts'
import type { RoutedChange } from '../../transform/change-transform.ts'
import type { RecordOrigin, RecordTransform } from '../../transform/record-transform.ts'
import { placedError } from './placed-error.ts'
import type { RecordStagesOptions } from './stage-parts.ts'

/** One record of the source on its way, from what was read to what will be serialized. */
export interface Unit {
  readonly wire: unknown
  /** Undefined if it could not be decoded. */
  readonly event: ChangeEvent | undefined
  readonly place: UnitPlace
  /** What it has become: itself, none, or several. */
  changes: readonly RoutedChange[]
  payloads: readonly Payload[]
  rejection: Rejection | undefined
}

/** Why and where a unit cannot go on. */
export interface Rejection {
  readonly stage: RejectionStage
  readonly error: TailraceError
}

/**
 * Rows have no place; `row` is undefined where one must not become a dead letter. Of a change that does not even tell its
 * sequence number the position is undefined.
 */
export type UnitPlace =
  | { readonly kind: 'row'; readonly row: RejectedRow | undefined }
  | {
      readonly kind: 'change'
      readonly shardId: string
      readonly position: StagePosition | undefined
      readonly bytes?: RejectedBytes
    }

/** A unit that was decoded. */
export function decodedUnit(wire: unknown, event: ChangeEvent, place: UnitPlace): Unit {
  const changes = [{ event, topic: undefined, headers: noHeaders }]
  return { wire, event, place, changes, payloads: [], rejection: undefined }
}

/** A unit that was not. */
export function rejectedUnit(wire: unknown, rejection: Rejection, place: UnitPlace): Unit {
  return { wire, event: undefined, place, changes: [], payloads: [], rejection }
}

/** The position of a change that tells it. */
export function positionOf({ place }: Unit): { readonly shard: string; readonly sequenceNumber: string } | undefined {
  if (place.kind === 'row' || place.position === undefined) return undefined
  return { shard: place.shardId, sequenceNumber: place.position.sequenceNumber }
}

/** What a dead letter would be of; undefined if the unit must not become one. */
export function originOf({ place }: Unit): RejectedRecord['origin'] | undefined {
  if (place.kind === 'row') return place.row
  // Progress cannot be told behind a change that does not tell its own position: it would come again and again.
  if (place.position === undefined) return undefined
  const { sequenceNumber, createdAtMs } = place.position
  return { kind: 'change', shard: place.shardId, sequenceNumber, createdAtMs, bytes: place.bytes }
}

const noHeaders: readonly RecordHeader[] = []

/**
 * Takes the changes of all units through the change transforms: one step after the other for the whole page, so that what
 * waits does so once a page. A unit whose change fails is rejected and goes no further.
 */
export async function transformChanges(
  units: readonly Unit[],
  { changeTransforms = [] }: RecordStagesOptions,
  table: Table,
  signal: AbortSignal,
): Promise<void> {
  for (const transform of changeTransforms) {
    const passing = units.filter(({ rejection, changes }) => rejection === undefined && changes.length > 0)
    const outcomes = await transform.apply(
      passing.flatMap(({ changes }) => changes),
      table,
      signal,
    )
    let at = 0
    for (const unit of passing) {
      const own = outcomes.slice(at, at + unit.changes.length)
      at += unit.changes.length
      const failed = own.find(({ kind }) => kind === 'failed')
      if (failed?.kind === 'failed') unit.rejection = { stage: 'TRANSFORMATION', error: failed.error }
      else unit.changes = own.flatMap((outcome) => (outcome.kind === 'passed' ? outcome.changes : []))
    }
  }
}

/** What wrapping needs besides the change. */
export interface Wrapping {
  readonly envelope: Envelope
  readonly recordTransforms: readonly RecordTransform[]
  readonly table: Table
  /** The table's own topic. */
  readonly topic: string
  readonly nowMs: number
}

/** Puts the changes of a unit into their envelopes and takes those through the record transforms. */
export function wrapUnit(unit: Unit, wrapping: Wrapping): void {
  if (unit.rejection !== undefined) return
  let stage: RejectionStage = 'ENVELOPE'
  try {
    const payloads = unit.changes.map((change) => enveloped(change, wrapping, false))
    stage = 'TRANSFORMATION'
    unit.payloads = payloads.map((payload) => transformed(payload, wrapping))
  } catch (error) {
    unit.rejection = { stage, error: asTailraceError(error, 'could not be converted') }
  }
}

/** What the unit's payloads are without the images before. Throws what `wrapUnit` would have rejected. */
export function wrapWithoutBefore(unit: Unit, wrapping: Wrapping): readonly Payload[] {
  return unit.changes.map((change) => transformed(enveloped(change, wrapping, true), wrapping))
}

function enveloped(change: RoutedChange, { envelope, nowMs }: Wrapping, isShort: boolean): Payload {
  return addRoute(envelope.wrap(change.event, nowMs, isShort), change)
}

/** Where a transform has sent the change, and what it has hung on it. */
function addRoute(payload: Payload, { topic, headers }: RoutedChange): Payload {
  if (topic === undefined && headers.length === 0) return payload
  const document = documentsOf(payload)
  const records = document.records.map((record) => ({
    ...record,
    topic: topic ?? record.topic,
    headers: [...record.headers, ...headers],
  }))
  return { ...document, records }
}

function transformed(payload: Payload, { recordTransforms, topic, table }: Wrapping): Payload {
  if (recordTransforms.length === 0) return payload
  const document = documentsOf(payload)
  const origin = { table, topic, timestampMs: document.event.createdAtMs }
  const records = document.records.flatMap((record) => {
    let current: DocumentRecord | undefined = record
    for (const transform of recordTransforms) {
      if (current === undefined) break
      current = applied(transform, current, origin, document.event)
    }
    return current === undefined ? [] : [current]
  })
  return { ...document, records }
}

function applied(
  transform: RecordTransform,
  record: DocumentRecord,
  origin: RecordOrigin,
  event: ChangeEvent,
): DocumentRecord | undefined {
  try {
    return transform.apply(record, origin)
  } catch (error) {
    const isOwn = error instanceof TailraceError && error.code === 'TRANSFORM_FAILED'
    throw isOwn ? placedError(error, event, origin.table) : error
  }
}

/** What is no error of ours yet becomes RECORD_UNREADABLE; errors that are not the record's own are thrown on. */
export function asTailraceError(error: unknown, what: string): TailraceError {
  if (!(error instanceof TailraceError)) {
    return new TailraceError('RECORD_UNREADABLE', `a change ${what}`, { cause: error })
  }
  if (error.policy !== 'stop-table') throw error
  return error
}

/** The topics, besides the table's own, that the units' records go to. */
export function otherTopicsOf(units: readonly Unit[]): ReadonlySet<string> {
  const payloads = units.flatMap((unit) => (unit.rejection === undefined ? unit.payloads : []))
  const topics = new Set<string>()
  for (const payload of payloads) {
    if (payload.kind !== 'document') continue
    for (const { topic } of payload.records) if (topic !== undefined) topics.add(topic)
  }
  return topics
}
