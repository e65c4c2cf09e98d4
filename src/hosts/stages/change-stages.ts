import { clockDoubtMs } from '../../change/retention.ts'
import type { Envelope } from '../../envelope/envelope.ts'
import type { TailraceError } from '../../errors.ts'
import type { OperationCounts } from '../../pipeline/pipeline-event.ts'
import type { StageInput, StageOutput, StagePosition } from '../../pipeline/stages.ts'
import { createContainedChanges } from './contained-changes.ts'
import type { ContainedChanges } from './contained-changes.ts'
import type { ReadUnit } from './read-stream-unit.ts'
import type { RecordStagesOptions } from './stage-parts.ts'
import { transformChanges, wrapUnit } from './unit.ts'
import type { Unit, Wrapping } from './unit.ts'
import { createUnitWriter, orAbandon } from './unit-writer.ts'

/** What the records of a page are read and written with. */
export interface PageReading {
  readonly envelope: Envelope
  readonly readUnit: ReadUnit
}

/** The changes of a page: all of them, or those before the one that stops the table. */
export async function processPage(
  input: StageInput,
  { envelope, readUnit }: PageReading,
  options: RecordStagesOptions,
  signal: AbortSignal,
): Promise<StageOutput> {
  const { table, nowMs } = input
  const { recordTransforms = [] } = options
  const wrapping: Wrapping = { envelope, recordTransforms, table: table.table, topic: table.topic, nowMs }
  const { units, skipped } = decode(input, readUnit, options)
  options.onOperations?.(table.table.name, operationsOf(units))
  await transformChanges(units, options, table.table, signal)
  for (const unit of units) wrapUnit(unit, wrapping)
  const turn = input.generation === undefined ? undefined : `${table.version}.${input.generation}`
  const writer = await createUnitWriter(units, { ...input, wrapping, turn }, options, signal)
  let read = 0
  let failure: TailraceError | undefined
  await orAbandon(writer, async () => {
    for (const unit of units) {
      const timestampMs = recordTimeOf(unit.event?.createdAtMs ?? nowMs, nowMs)
      const waiting = skipped.has(unit) ? undefined : writer.add(unit, writer.serialize(unit), timestampMs)
      failure = waiting === undefined ? undefined : await waiting
      if (failure !== undefined) break
      read++
    }
  })
  const { records, bytes, left, attachments, hasOversized } = writer
  const done = units.slice(0, read)
  const passed = done.reduce((sum, unit) => sum + (skipped.has(unit) || unit.rejection !== undefined ? 0 : 1), 0)
  return {
    records,
    bytes,
    changes: passed - left.dropped,
    ...containedOf(done, input),
    read,
    last: lastPositionOf(done),
    failure,
    left,
    attachments,
    hasOversized,
  }
}

function operationsOf(units: readonly Unit[]): OperationCounts {
  const counts = { inserts: 0, modifies: 0, removes: 0 }
  for (const { event } of units) {
    if (event?.operation === 'INSERT') counts.inserts++
    else if (event?.operation === 'MODIFY') counts.modifies++
    else if (event?.operation === 'REMOVE') counts.removes++
  }
  return counts
}

/**
 * Brokers refuse records that are far in the future (`message.timestamp.after.max.ms`, an hour), and into a Kinesis stream
 * anybody may write: of such a change the record has the time of writing, and its value the time that it says.
 */
function recordTimeOf(createdAtMs: number, nowMs: number): number {
  return createdAtMs > nowMs + clockDoubtMs ? nowMs : createdAtMs
}

function lastPositionOf(units: readonly Unit[]): StagePosition | undefined {
  const place = units.at(-1)?.place
  if (place?.kind !== 'change' || place.position === undefined) return undefined
  const { sequenceNumber, createdAtMs } = place.position
  return { sequenceNumber, createdAtMs }
}

/** What rows in front contain of the changes that are dealt with, and of no others. */
function containedOf(done: readonly Unit[], input: StageInput): Pick<StageOutput, 'contained' | 'caughtUp'> {
  const contained = createContainedChanges(input)
  if (contained === undefined) return { contained: 0, caughtUp: [] }
  for (const { event } of done) {
    // It may have been the change at which a row's chain of images ends: what follows would be left out for ever.
    if (event === undefined) return { contained: contained.count, caughtUp: 'all' }
    contained.isContained(event)
  }
  return { contained: contained.count, caughtUp: contained.caughtUp }
}

/**
 * All records of the page; where rejected ones stop the table, none behind the first of them. `skipped` are those that
 * are dealt with by leaving them out.
 */
function decode(
  input: StageInput,
  readUnit: ReadUnit,
  { deadLetters }: RecordStagesOptions,
): { readonly units: readonly Unit[]; readonly skipped: ReadonlySet<Unit> } {
  const notBeforeMs = input.notBeforeMs ?? -Infinity
  let contained: ContainedChanges | undefined = createContainedChanges(input)
  const units: Unit[] = []
  const skipped = new Set<Unit>()
  for (const wire of input.records) {
    const unit = readUnit(wire, input)
    units.push(unit)
    if (unit.event === undefined) {
      if (deadLetters === undefined) break
      contained = undefined
      continue
    }
    // Asked of every change, also of what is too old: it may be the one that a row ends with.
    const isContained = contained?.isContained(unit.event) === true
    if (!isContained && unit.event.createdAtMs >= notBeforeMs) continue
    skipped.add(unit)
    unit.changes = []
  }
  return { units, skipped }
}
