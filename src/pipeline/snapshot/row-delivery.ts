import type { ProducerRecord } from '../../kafka/kafka.ts'
import type { LaneContext } from '../../lanes/hand-over.ts'
import type { LaneState } from '../../lanes/lane-state.ts'
import { ledgerKey } from '../../lanes/ledger-codec.ts'
import type { AddressedEntry, ScanEntry, SnapshotRun, TableEntry } from '../../lanes/ledger-entry.ts'
import { addressedReport, addTotals, reportOf, segmentsOf, totalsOf } from '../../lanes/snapshot-progress.ts'
import type { TailraceError } from '../../errors.ts'
import { refuseExhaustion } from '../delivery.ts'
import { abandon, orAbandon } from '../attachments.ts'
import type { LaneEnvironment } from '../lane-environment.ts'
import type { PipelineEvent, SnapshotProgress } from '../pipeline-event.ts'
import { leftOutEvents } from '../left-out-events.ts'
import type { Attachment, RowInput, RowOutput } from '../stages.ts'
import { convertWithin } from '../topic-limits.ts'
import type { LaneTopics } from '../topic-pins.ts'
import { topicsOfOthers } from '../topics-of-others.ts'
import type { DeliveredRows, ScanBatch, TakenScanPage } from './lane-scans.ts'

/** The rows of one transaction: they go behind the changes in it. */
export interface RowDelivery {
  readonly output: readonly ProducerRecord[]
  readonly entries: readonly AddressedEntry[]
  readonly bytes: number
  /** To be remembered after the commit, where this is wanted. */
  readonly images: readonly DeliveredRows[]
  /** Scans of which nothing but their position moves. */
  readonly advanced: number
  /** To be reported after the commit. */
  readonly events: readonly PipelineEvent[]
  /** To be told of the transaction's fate. */
  readonly attachments: readonly Attachment[]
  /** Scans that must be opened anew: their pages came too late to be trusted. */
  readonly reopen: readonly string[]
  /** Tables that must not be scanned on, with the version of the table entry that this decision was made under. */
  readonly halts: readonly { readonly tableArn: string; readonly version: number }[]
}

/** What conversion needs of a lane's surroundings. */
type Converting = Pick<LaneEnvironment, 'clock' | 'stages' | 'topicLimits'>

interface Parts {
  readonly context: LaneContext
  readonly environment: Converting
  readonly signal: AbortSignal
  /** True for a table whose rows' images are wanted. */
  readonly withImages: (tableArn: string) => boolean
  readonly topics: LaneTopics
}

/**
 * Turns scanned pages into rows and progress. To be called when the changes of the same transaction have been noted, since
 * they displace rows, too. Reads the state, changes nothing. Rejects when a scan failed of what this process lacks.
 */
export async function prepareRows(batch: ScanBatch, state: LaneState, parts: Parts): Promise<RowDelivery> {
  refuseExhaustion(batch.failures)
  const draft = new Draft(state, parts.context)
  await orAbandon(draft.attachments, async () => {
    for (const page of batch.pages) {
      const scanned = draft.lookUp(page)
      if (scanned === undefined) continue
      if (!draft.isNext(scanned, page) || !page.recent.isKnown(page.request)) draft.reopen(page.scan)
      else {
        const isTopicOfAnother = topicsOfOthers(state, scanned.table)
        const rows = await convert(scanned, page, { ...parts, isTopicOfAnother })
        draft.add(scanned, page, rows)
        if (rows.failure === undefined) parts.topics.keep(page.tableArn, rows.records)
      }
    }
  })
  for (const { tableArn, error } of batch.failures) draft.fail(tableArn, error)
  return draft.finish()
}

function convert(
  scanned: Scanned,
  taken: TakenScanPage,
  { environment, signal, withImages, isTopicOfAnother, topics }: Parts & Pick<RowInput, 'isTopicOfAnother'>,
): Promise<RowOutput> {
  const { topicLimits, stages, clock } = environment
  const { table, snapshot, segments, segment } = scanned
  const { page, recent, request } = taken
  const ofTable = segments.slice(0, snapshot.segments)
  const isIncrement = snapshot.exports?.fromMs !== undefined
  const process = (maxRecordBytes: number): Promise<RowOutput> => {
    const shared = {
      table,
      kind: snapshot.kind,
      readAtMs: page.requestedAtMs,
      maxRecordBytes,
      nowMs: clock.now(),
      isDisplaced: (key: Buffer) => recent.hasSince(key, request),
      pins: topics.ofTable(table.table.arn),
      ...(isTopicOfAnother === undefined ? {} : { isTopicOfAnother }),
    }
    if (isSweep(scanned)) return stages.processVanished({ ...shared, keys: page.items.filter(Buffer.isBuffer) }, signal)
    const input: RowInput = {
      ...shared,
      items: page.items,
      withImages: snapshot.exports === undefined && withImages(table.table.arn),
      form: isIncrement ? 'export-lines' : 'items',
      isFirst: !isIncrement && ofTable.every(({ rows }) => rows === 0),
      // Of exports nobody knows whether one more will follow.
      isLast:
        snapshot.exports === undefined &&
        page.lastKey === undefined &&
        ofTable.every((other) => other === segment || other.isDone),
    }
    return stages.processRows(input, signal)
  }
  return convertWithin(topicLimits, table.topic, process, signal)
}

/** Its page holds keys of a partition of the topic, not items of the table. */
function isSweep({ snapshot, segment }: Scanned): boolean {
  return segment.segment >= snapshot.segments
}

/** A page's place in its snapshot, with what the pages in front of it in the same transaction have done. */
interface Scanned {
  readonly table: TableEntry
  readonly snapshot: SnapshotRun
  readonly segments: readonly ScanEntry[]
  readonly segment: ScanEntry
}

class Draft {
  readonly #state: LaneState
  readonly #context: LaneContext
  readonly #output: (readonly ProducerRecord[])[] = []
  readonly #reached = new Map<string, ScanEntry>()
  /** By table: all segments, with what the pages of this transaction have done. Made once, not for each page. */
  readonly #segments = new Map<string, ScanEntry[]>()
  readonly #reports: AddressedEntry[] = []
  readonly #images: DeliveredRows[] = []
  readonly #events: PipelineEvent[] = []
  readonly attachments: Attachment[] = []
  readonly #halts = new Map<string, number>()
  readonly #reopened = new Set<string>()
  #bytes = 0

  constructor(state: LaneState, context: LaneContext) {
    this.#state = state
    this.#context = context
  }

  lookUp({ tableArn, segment }: TakenScanPage): Scanned | undefined {
    const table = this.#state.tables.get(tableArn)
    if (table?.snapshot === undefined) return undefined
    const segments = this.#segmentsOf(table, table.snapshot)
    const own = segments[segment]
    return own === undefined ? undefined : { table, snapshot: table.snapshot, segments, segment: own }
  }

  /** False if the page does not follow on what is delivered, because the one before it was not. */
  isNext({ segment }: Scanned, { afterKey, tableArn }: TakenScanPage): boolean {
    return !this.#halts.has(tableArn) && !segment.isDone && segment.lastKey === afterKey
  }

  add(scanned: Scanned, { page, scan }: TakenScanPage, rows: RowOutput): void {
    const { table, snapshot, segment } = scanned
    if (rows.failure !== undefined) {
      // The whole page waits: progress within a page cannot be told.
      abandon(rows.attachments)
      this.reopen(scan)
      this.fail(table.table.arn, rows.failure)
      return
    }
    this.#output.push(rows.records)
    this.attachments.push(...rows.attachments)
    this.#events.push(...leftOutEvents(rows.left, this.#context.lane, table.table.name))
    this.#bytes += rows.bytes
    const { images } = rows
    if (images.length > 0) this.#images.push({ tableArn: table.table.arn, images, readAtMs: page.requestedAtMs })
    const added = { items: isSweep(scanned) ? 0 : page.items.length, rows: rows.rows, units: page.units }
    const entry: ScanEntry = {
      ...segment,
      lastKey: page.lastKey,
      pages: segment.pages + 1,
      ...addTotals(segment, added),
      isDone: page.lastKey === undefined,
    }
    this.#reached.set(ledgerKey(entry), entry)
    const known = this.#segments.get(entry.tableArn)
    if (known !== undefined) known[entry.segment] = entry
    const what = { lane: this.#context.lane, table: table.table.name, isDone: entry.isDone }
    this.#events.push(
      isSweep(scanned)
        ? { kind: 'vanished-committed', ...what, deletes: rows.rows, partition: entry.segment - entry.totalSegments }
        : {
            kind: 'rows-committed',
            ...what,
            ...added,
            segment: entry.segment,
            snapshot: progressOf(snapshot, this.#segmentsOf(table, snapshot)),
          },
    )
  }

  reopen(scan: string): void {
    this.#reopened.add(scan)
  }

  fail(tableArn: string, error: TailraceError): void {
    const table = this.#state.tables.get(tableArn)
    if (table?.snapshot === undefined || this.#halts.has(tableArn)) return
    const { lane, nowMs } = this.#context
    this.#halts.set(tableArn, table.version)
    const totals = totalsOf(this.#segmentsOf(table, table.snapshot))
    const failure = { code: error.code, reason: error.message }
    this.#reports.push(...addressedReport(reportOf(table, totals, failure, nowMs), lane))
    this.#events.push({ kind: 'snapshot-refused', lane, table: table.table.name, error })
  }

  finish(): RowDelivery {
    const { lane } = this.#context
    return {
      output: this.#output.length === 1 ? (this.#output[0] ?? []) : this.#output.flat(),
      entries: [...[...this.#reached.values()].map((entry) => ({ lane, entry })), ...this.#reports],
      bytes: this.#bytes,
      images: this.#images,
      attachments: this.attachments,
      advanced: [...this.#reached.values()].filter(({ isDone }) => !isDone).length,
      events: this.#events,
      reopen: [...this.#reopened],
      halts: [...this.#halts].map(([tableArn, version]) => ({ tableArn, version })),
    }
  }

  #segmentsOf(table: TableEntry, snapshot: SnapshotRun): readonly ScanEntry[] {
    const { arn } = table.table
    const known = this.#segments.get(arn) ?? [...segmentsOf(this.#state, table, snapshot)]
    this.#segments.set(arn, known)
    return known
  }
}

/** With a filter, the size of the table says nothing of how many items there will be. */
function progressOf({ run, filter, expectedItems }: SnapshotRun, segments: readonly ScanEntry[]): SnapshotProgress {
  return {
    run,
    segments: segments.length,
    segmentsDone: segments.filter(({ isDone }) => isDone).length,
    ...totalsOf(segments),
    expectedItems: filter === undefined ? expectedItems : 0,
  }
}
