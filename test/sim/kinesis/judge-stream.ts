import { judgeDelivery } from '../../../src/oracle/judge-delivery.ts'
import type { AnomalyName, Findings, WrittenChange } from '../../../src/oracle/oracle.ts'
import { createTally } from '../../../src/oracle/tally.ts'
import type { ArrivedChange, Arrivals } from './arrivals.ts'
import type { StreamPlan } from './kinesis-plan.ts'
import type { DeliveredChange, StreamOutput } from './stream-output.ts'
import type { ConnectedTable } from './stream-traffic.ts'

/** What a run is judged by. */
export interface StreamCase {
  readonly plan: StreamPlan
  /** The wanted ones. */
  readonly tables: readonly ConnectedTable[]
  readonly arrivals: Arrivals
  readonly output: StreamOutput
  readonly hangs: readonly string[]
}

/** The verdict, and what the run was about. */
export interface StreamFindings {
  readonly findings: Findings
  readonly counts: StreamCounts
}

/** Deliveries into the stream that were repeats, and that came behind a newer change of their item; and what was too late. */
export interface StreamCounts {
  readonly duplicate: number
  readonly disorder: number
  readonly late: number
  /** In time, but behind a newer change of their item that had not waited for them. */
  readonly overtaken: number
}

/**
 * What is promised of a Kinesis stream. Of a change that came in time, one record stands in the topic; it is flagged only if it came
 * later than changes are waited for. Of one that came too late, each delivery became what the pipeline's file says. Without
 * those that are flagged, the topic is judged like that of any table: nothing twice, in order, ending as the table is.
 */
export function judgeStream(judged: StreamCase): StreamFindings {
  const { plan, tables, arrivals, output, hangs } = judged
  const tally = createTally()
  const isOpen = openTies(judged)
  const bySequence = judgeRecords(judged, isOpen, tally.add)
  const isNamed = new Set<string>()
  for (const [eventId, deliveries] of arrivals.byEvent)
    if (!judgeEvent(deliveries, { isOpen: isOpen.has(eventId), plan, bySequence, add: tally.add })) isNamed.add(eventId)
  if (output.strayTombstones > 0)
    tally.add('phantom', () => `${output.strayTombstones} tombstones are not right behind their deletes`)
  const written = tables.flatMap(writtenInto)
  const eventOf = new Map(written.map(({ change, eventId }) => [change, eventId]))
  for (const eventId of isOpen) isNamed.add(eventId)
  const clean = output.delivered.filter(
    ({ isFlagged, sequenceNumber }) => !isFlagged && !isOpen.has(arrivals.all.get(sequenceNumber)?.eventId ?? ''),
  )
  const delivery = judgeDelivery({
    written: written.map(({ change }) => change),
    delivered: clean.map(({ record }) => ({ ...record, position: undefined })),
    guarantee: 'exactly_once',
    tables: new Map(tables.map(({ table, writer }) => [table.name, writer.contents()])),
    named: (change) => isNamed.has(eventOf.get(change) ?? ''),
    hangs,
  })
  const anomalies = { ...delivery.anomalies }
  for (const name of Object.keys(anomalies) as AnomalyName[]) anomalies[name] += tally.anomalies[name]
  const examples = [...tally.examples, ...delivery.examples]
  const counts = countsOf(judged)
  return { findings: { ...delivery, delivered: output.delivered.length, anomalies, examples }, counts }
}

/**
 * Of three and more changes of an item that share their time of creation, images alone tell the order. Where one of them is not
 * there in time, nothing does, and the others may overtake each other. Gives their event ids.
 */
export function openTies({
  plan,
  tables,
  arrivals,
}: Pick<StreamCase, 'plan' | 'tables' | 'arrivals'>): ReadonlySet<string> {
  const groups = new Map<string, (readonly ArrivedChange[])[]>()
  for (const { table, destination } of tables) {
    for (const { eventId, key } of destination.changes.values()) {
      const deliveries = arrivals.byEvent.get(eventId)
      if (deliveries === undefined) continue
      const name = `${table.name} ${key} ${deliveries[0]?.createdAtMicros ?? ''}`
      groups.set(name, [...(groups.get(name) ?? []), deliveries])
    }
  }
  const isAway = ([first]: readonly ArrivedChange[]): boolean =>
    first !== undefined && (first.isLate || mayBeOvertaken(first, plan))
  const open = [...groups.values()].filter((group) => group.length > 2 && group.some(isAway))
  return new Set(open.flat(2).map(({ eventId }) => eventId))
}

type Add = (name: AnomalyName, describe: () => string) => void

/** Each record by itself; gives those that are right, by the arrival that they stand for. */
function judgeRecords(
  { plan, arrivals, output }: StreamCase,
  isOpen: ReadonlySet<string>,
  add: Add,
): ReadonlyMap<string, DeliveredChange> {
  const bySequence = new Map<string, DeliveredChange>()
  const isTaken = new Set<string>()
  for (const delivered of output.delivered) {
    const { sequenceNumber, isFlagged, record } = delivered
    const place = `${record.topic}-${record.partition}@${record.offset}`
    const arrival = arrivals.all.get(sequenceNumber)
    if (arrival === undefined) {
      add('phantom', () => `${place} stands for nothing in the stream`)
      continue
    }
    if (isTaken.has(sequenceNumber)) add('duplicate', () => `${place} repeats ${textOf(arrival)}`)
    isTaken.add(sequenceNumber)
    bySequence.set(sequenceNumber, delivered)
    if (arrival.isLate && !isFlagged)
      add('miscount', () => `${place}, ${textOf(arrival)}, came late and does not say so`)
    if (arrival.isLate && plan.late !== 'emit-flagged')
      add('phantom', () => `${place}, ${textOf(arrival)}, came late and is delivered`)
    if (!arrival.isLate && isFlagged && !mayBeOvertaken(arrival, plan) && !isOpen.has(arrival.eventId))
      add('miscount', () => `${place}, ${textOf(arrival)}, is flagged though it came in time`)
  }
  for (const sequenceNumber of output.deadLetters) {
    const arrival = arrivals.all.get(sequenceNumber)
    if (arrival === undefined) add('phantom', () => `a dead letter stands for nothing in the stream`)
    else if (
      plan.late !== 'dead-letter' ||
      (!arrival.isLate && !mayBeOvertaken(arrival, plan) && !isOpen.has(arrival.eventId))
    )
      add('miscount', () => `${textOf(arrival)} came in time and is a dead letter`)
    else if (isTaken.has(sequenceNumber)) add('duplicate', () => `a dead letter repeats ${textOf(arrival)}`)
    isTaken.add(sequenceNumber)
  }
  return bySequence
}

/** Times lose their parts of milliseconds on their way. */
const roundingMs = 3

/** It came later than a change is waited for which nothing proves to be the next one, so a newer one may have been first. */
export function mayBeOvertaken(arrival: ArrivedChange, plan: StreamPlan): boolean {
  return plan.hasWrongClocks || waitedMs(arrival) > plan.delayMs - plan.arrivalSkewMs - roundingMs
}

function waitedMs({ arrivedAtMs, createdAtMicros }: ArrivedChange): number {
  return arrivedAtMs - createdAtMicros / 1_000
}

/** True for a change that must stand among those that are in order: it came in time, and nothing overtook it. */
function judgeEvent(
  deliveries: readonly ArrivedChange[],
  {
    plan,
    isOpen,
    bySequence,
    add,
  }: {
    readonly plan: StreamPlan
    readonly isOpen: boolean
    readonly bySequence: ReadonlyMap<string, DeliveredChange>
    readonly add: Add
  },
): boolean {
  const inTime = deliveries.filter(({ isLate }) => !isLate)
  const records = inTime.flatMap(({ sequenceNumber }) => bySequence.get(sequenceNumber) ?? [])
  const [first] = inTime
  for (const late of deliveries)
    if (late.isLate && plan.late === 'emit-flagged' && !bySequence.has(late.sequenceNumber))
      add('lost', () => `${textOf(late)}, which came late, has no record`)
  if (first === undefined) return false
  if (records.length > 1) add('duplicate', () => `${textOf(first)} has ${records.length} records`)
  const isExcused = plan.late !== 'emit-flagged' && (isOpen || mayBeOvertaken(first, plan))
  if (records.length === 0) {
    if (!isExcused) add('lost', () => `${textOf(first)} has no record`)
    return !isExcused
  }
  return records.every(({ isFlagged }) => !isFlagged)
}

function textOf(arrival: ArrivedChange): string {
  return `${arrival.shardId}@${arrival.sequenceNumber} (${Math.round(waitedMs(arrival))} ms after its change)`
}

interface Written {
  readonly change: WrittenChange
  readonly eventId: string
}

/** The writer's changes and the destination's are the same, in one order. */
function writtenInto({ writer, destination }: ConnectedTable): readonly Written[] {
  const eventIds = [...destination.changes.keys()]
  return writer.written.map((change, index) => ({
    change: { ...change, position: undefined },
    eventId: eventIds[index] ?? '',
  }))
}

function countsOf({ tables, arrivals, output }: StreamCase): StreamCounts {
  let duplicate = 0
  let late = 0
  for (const deliveries of arrivals.byEvent.values()) {
    duplicate += deliveries.length - 1
    late += deliveries.filter(({ isLate }) => isLate).length
  }
  const overtaken = output.delivered.filter(
    ({ isFlagged, sequenceNumber }) => isFlagged && arrivals.all.get(sequenceNumber)?.isLate === false,
  ).length
  return { duplicate, late, overtaken, disorder: tables.reduce((sum, table) => sum + disorderOf(table), 0) }
}

/** Changes whose first delivery came behind that of a newer one of their item. */
function disorderOf({ destination }: ConnectedTable): number {
  const newest = new Map<string, number>()
  const first = [...destination.changes.values()].flatMap(({ key, version, places }) =>
    places[0] === undefined ? [] : [{ key, version, atMs: places[0].atMs }],
  )
  let count = 0
  for (const { key, version } of first.toSorted((a, b) => a.atMs - b.atMs)) {
    if (version < (newest.get(key) ?? 0)) count++
    else newest.set(key, version)
  }
  return count
}
