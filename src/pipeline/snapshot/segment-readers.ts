import { TailraceError } from '../../errors.ts'
import type { BaselineEntry, ScanEntry, TableEntry } from '../../lanes/ledger-entry.ts'
import type { TableExport } from '../../sources/table-export/table-exports.ts'
import type { LaneEnvironment } from '../lane-environment.ts'
import { createRowMemory } from './contained-changes.ts'
import type { RowMemory } from './contained-changes.ts'
import { createExportReader } from './export-reader.ts'
import { createKeySweep } from './key-sweep.ts'
import { createRecentKeys } from './recent-keys.ts'
import type { RecentKeys } from './recent-keys.ts'
import { createScanGate } from './scan-gate.ts'
import type { ScanGate } from './scan-gate.ts'
import { createTablePace } from './scan-limits.ts'
import type { ScanPace } from './scan-pace.ts'
import { createScanReader } from './scan-reader.ts'
import type { PageReader } from './segment-feed.ts'

/** A segment that is to be read. */
export interface WantedScan {
  readonly table: TableEntry
  readonly scan: ScanEntry
  readonly baseline: BaselineEntry | undefined
}

/** What the scans of one table have in common. */
export interface ScannedTable {
  readonly name: string
  readonly recent: RecentKeys
  /** Undefined if no change is to be left out. */
  readonly rows: RowMemory | undefined
  readonly hasBothImages: boolean
  /** When what the rows contain should have come (clock.monotonic). */
  settledAt: number
  readonly pace: ScanPace
  readonly gate: ScanGate
  /** What `open` gives, asked once for all segments of an export; after a failure again. */
  readonly opened: (name: string, open: () => Promise<TableExport>) => Promise<TableExport>
}

/** What readers have of their lane. */
export interface ReaderParts {
  readonly lane: number
  readonly environment: LaneEnvironment
  /** Resolves when the transaction that may be under way is committed. */
  readonly nextTurn: (signal: AbortSignal) => Promise<void>
  /** Aborts when the lane is let go. */
  readonly live: AbortSignal
}

const gateLookMs = 1_000

/** What is shared by the scans of a table. */
export function scannedTable(environment: LaneEnvironment, { table, snapshot }: TableEntry): ScannedTable {
  const { arn, name, viewType } = table
  const { source, clock, tuning, skipsContained } = environment
  const limits =
    environment.tableScanLimits?.get(arn) ?? environment.tableScanLimits?.get(name) ?? environment.scanLimits
  const gate = createScanGate(clock, tuning.scanGate)
  return {
    name,
    gate,
    opened: onceForAll(),
    recent: createRecentKeys(tuning.maxRecentKeys),
    // While an export is loaded nobody reads the stream.
    rows: skipsContained && snapshot?.exports === undefined ? createRowMemory(tuning.maxRowsInFront) : undefined,
    hasBothImages: viewType === 'NEW_AND_OLD_IMAGES',
    settledAt: Number.NEGATIVE_INFINITY,
    pace: createTablePace({ source, clock, limits, gate }, arn),
  }
}

/** Where the pages of a segment come from: the table, an export of it, or, behind these, its topic. */
export function createSegmentReader(wanted: WantedScan, shared: ScannedTable, parts: ReaderParts): PageReader {
  if (isSweep(wanted.table, wanted.scan)) return sweepOf(wanted, shared, parts)
  return wanted.table.snapshot?.exports === undefined ? scanOf(wanted, shared, parts) : exportOf(wanted, shared, parts)
}

/** Behind the segments of the table come the partitions of its topic. */
export function isSweep({ snapshot }: TableEntry, scan: ScanEntry | undefined): boolean {
  return snapshot !== undefined && scan !== undefined && scan.segment >= snapshot.segments
}

function scanOf(
  { table: { table, snapshot }, scan }: WantedScan,
  shared: ScannedTable,
  parts: ReaderParts,
): PageReader {
  const { lane, environment } = parts
  const { source, scanBudget, onEvent, tuning } = environment
  const { segment, totalSegments } = scan
  return createScanReader({
    ...shared,
    source,
    budget: scanBudget,
    maxItems: tuning.maxScanItems,
    position: { table, segment, totalSegments, filter: snapshot?.filter },
    onPage: ({ items, bytes, receivedAtMs, requestedAtMs }) =>
      onEvent({
        kind: 'scan-page-read',
        lane,
        table: table.name,
        segment,
        items: items.length,
        bytes,
        tookMs: receivedAtMs - requestedAtMs,
      }),
  })
}

function exportOf(
  { table: entry, scan }: WantedScan,
  { recent, opened }: ScannedTable,
  parts: ReaderParts,
): PageReader {
  const { exports, scanBudget, clock } = parts.environment
  const step = entry.snapshot?.exports
  const { arn, id, name } = entry.table
  const { segment, totalSegments } = scan
  const manifest = step?.manifest
  if (exports === undefined || step === undefined || manifest === undefined) {
    const text = `the export of table ${name} cannot be read: the configuration has no snapshot.source: export any more`
    return { read: () => Promise.reject(new TailraceError('EXPORT_REFUSED', text)), close: () => {} }
  }
  const expected = { arn, id, fromMs: step.fromMs, toMs: step.toMs }
  return createExportReader({
    exports: exports.api,
    open: () => opened(manifest.key, () => exports.api.openExpected(manifest, expected, parts.live)),
    segment,
    totalSegments,
    recent,
    budget: scanBudget,
    clock,
  })
}

function sweepOf(
  { table, scan, baseline }: WantedScan,
  { recent, gate }: ScannedTable,
  parts: ReaderParts,
): PageReader {
  const { topicLog, scanBudget, stages, clock, rng, tuning } = parts.environment
  const partition = scan.segment - scan.totalSegments
  return createKeySweep({
    log: topicLog,
    topic: table.topic,
    partition,
    baseline: BigInt(baseline?.offsets[partition] ?? 0),
    presenceOf: (record) => stages.presenceOf(record, table.table),
    settled: async (signal) => {
      // Deletes that are on their way in the stream are let through first: their items need no others.
      while (gate.verdict() !== 'go') await clock.sleep(gateLookMs, signal)
      await parts.nextTurn(signal)
    },
    recent,
    budget: scanBudget,
    maxKeyBytes: tuning.maxSweepBytes,
    onRetry: (error, retryInMs) => reportWait(parts.environment, { table: table.table.name, error, retryInMs }),
    clock,
    rng,
  })
}

/** Tells of a request about a table's topic that is repeated. */
export function reportWait(
  { onEvent }: Pick<LaneEnvironment, 'onEvent'>,
  { table, error, retryInMs }: { readonly table: string; readonly error: unknown; readonly retryInMs: number },
): void {
  const known =
    error instanceof TailraceError
      ? error
      : new TailraceError('KAFKA_PROTOCOL', 'a topic could not be read back', { cause: error })
  onEvent({ kind: 'snapshot-waits', table, error: known, retryInMs })
}

function onceForAll(): ScannedTable['opened'] {
  let known: { readonly name: string; readonly opened: Promise<TableExport> } | undefined
  return (name, open) => {
    if (known?.name === name) return known.opened
    const opened = open().catch((error: unknown) => {
      known = undefined
      throw error
    })
    known = { name, opened }
    return opened
  }
}
