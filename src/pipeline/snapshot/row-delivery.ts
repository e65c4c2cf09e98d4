import type { ProducerRecord } from '../../kafka/kafka.ts'
import type { LaneContext } from '../../lanes/hand-over.ts'
import type { LaneState } from '../../lanes/lane-state.ts'
import { ledgerKey } from '../../lanes/ledger-codec.ts'
import type { AddressedEntry, ScanEntry, SnapshotRun, TableEntry } from '../../lanes/ledger-entry.ts'
import { addressedReport, reportOf, segmentsOf, totalsOf } from '../../lanes/snapshot-progress.ts'
import type { TailraceError } from '../../errors.ts'
import type { LaneEnvironment } from '../lane-environment.ts'
import type { PipelineEvent } from '../pipeline-event.ts'
import type { RowOutput } from '../stages.ts'
import type { ScanBatch, TakenScanPage } from './lane-scans.ts'

/** The rows of one transaction: they go behind the changes in it. */
export interface RowDelivery {
  readonly output: readonly ProducerRecord[]
  readonly entries: readonly AddressedEntry[]
  readonly bytes: number
  /** To be reported after the commit. */
  readonly events: readonly PipelineEvent[]
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
}

/**
 * Turns scanned pages into rows and progress. To be called when the changes of the same transaction have been noted, since
 * they displace rows, too. Reads the state, changes nothing. Rejects when a scan failed of what this process lacks.
 */
export async function prepareRows(batch: ScanBatch, state: LaneState, parts: Parts): Promise<RowDelivery> {
  const exhausted = batch.failures.find(({ error }) => error.code === 'OUT_OF_FILE_HANDLES')
  if (exhausted !== undefined) throw exhausted.error
  const draft = createDraft(state, parts.context)
  for (const page of batch.pages) {
    const scanned = draft.lookUp(page)
    if (scanned === undefined) continue
    if (!draft.isNext(scanned, page) || !page.recent.isKnown(page.request)) draft.reopen(page.scan)
    else draft.add(scanned, page, await convert(scanned, page, parts))
  }
  for (const { tableArn, error } of batch.failures) draft.fail(tableArn, error)
  return draft.finish()
}

/** Before a row is called too large, the topic is asked anew: its limit may have been raised meanwhile. */
async function convert(scanned: Scanned, taken: TakenScanPage, { environment, signal }: Parts): Promise<RowOutput> {
  const { topicLimits, stages, clock } = environment
  const { table, snapshot, segments, segment } = scanned
  const { page, recent, request } = taken
  const process = (maxRecordBytes: number): RowOutput =>
    stages.processRows({
      table,
      items: page.items,
      kind: snapshot.kind,
      isFirst: segments.every(({ rows }) => rows === 0),
      isLast: page.lastKey === undefined && segments.every((other) => other === segment || other.isDone),
      readAtMs: page.requestedAtMs,
      maxRecordBytes,
      nowMs: clock.now(),
      isDisplaced: (key) => recent.hasSince(key, request),
    })
  const known = await topicLimits.maxRecordBytes(table.topic, signal)
  const output = process(known)
  if (output.failure?.code !== 'RECORD_TOO_LARGE') return output
  const present = await topicLimits.maxRecordBytesNow(table.topic, signal)
  return present > known ? process(present) : output
}

/** A page's place in its snapshot, with what the pages in front of it in the same transaction have done. */
interface Scanned {
  readonly table: TableEntry
  readonly snapshot: SnapshotRun
  readonly segments: readonly ScanEntry[]
  readonly segment: ScanEntry
}

interface Draft {
  lookUp(page: TakenScanPage): Scanned | undefined
  /** False if the page does not follow on what is delivered, because the one before it was not. */
  isNext(scanned: Scanned, page: TakenScanPage): boolean
  add(scanned: Scanned, page: TakenScanPage, rows: RowOutput): void
  reopen(scan: string): void
  fail(tableArn: string, error: TailraceError): void
  finish(): RowDelivery
}

function createDraft(state: LaneState, context: LaneContext): Draft {
  const output: (readonly ProducerRecord[])[] = []
  const reached = new Map<string, ScanEntry>()
  const entries: AddressedEntry[] = []
  const events: PipelineEvent[] = []
  const halts = new Map<string, number>()
  const reopened = new Set<string>()
  let bytes = 0
  const segmentsNow = (table: TableEntry, snapshot: SnapshotRun): readonly ScanEntry[] =>
    segmentsOf(state, table, snapshot).map((entry) => reached.get(ledgerKey(entry)) ?? entry)
  const fail = (tableArn: string, error: TailraceError): void => {
    const table = state.tables.get(tableArn)
    if (table?.snapshot === undefined || halts.has(tableArn)) return
    halts.set(tableArn, table.version)
    const totals = totalsOf(segmentsNow(table, table.snapshot))
    const failure = { code: error.code, reason: error.message }
    entries.push(...addressedReport(reportOf(table, totals, failure, context.nowMs), context.lane))
    events.push({ kind: 'snapshot-refused', lane: context.lane, table: table.table.name, error })
  }
  return {
    lookUp: ({ tableArn, segment }) => {
      const table = state.tables.get(tableArn)
      if (table?.snapshot === undefined) return undefined
      const segments = segmentsNow(table, table.snapshot)
      const own = segments[segment]
      return own === undefined ? undefined : { table, snapshot: table.snapshot, segments, segment: own }
    },
    isNext: ({ segment }, { afterKey, tableArn }) =>
      !halts.has(tableArn) && !segment.isDone && segment.lastKey === afterKey,
    add: ({ table, segment }, { page, scan }, rows) => {
      if (rows.failure !== undefined) {
        // The whole page waits: progress within a page cannot be told.
        reopened.add(scan)
        fail(table.table.arn, rows.failure)
        return
      }
      output.push(rows.records)
      bytes += rows.bytes
      const entry: ScanEntry = {
        ...segment,
        lastKey: page.lastKey,
        pages: segment.pages + 1,
        items: segment.items + page.items.length,
        rows: segment.rows + rows.rows,
        isDone: page.lastKey === undefined,
      }
      reached.set(ledgerKey(entry), entry)
      events.push({
        kind: 'rows-committed',
        lane: context.lane,
        table: table.table.name,
        segment: entry.segment,
        items: page.items.length,
        rows: rows.rows,
        isDone: entry.isDone,
      })
    },
    reopen: (scan) => reopened.add(scan),
    fail,
    finish: () => ({
      output: output.length === 1 ? (output[0] ?? []) : output.flat(),
      entries: [...[...reached.values()].map((entry) => ({ lane: context.lane, entry })), ...entries],
      bytes,
      events,
      reopen: [...reopened],
      halts: [...halts].map(([tableArn, version]) => ({ tableArn, version })),
    }),
  }
}
