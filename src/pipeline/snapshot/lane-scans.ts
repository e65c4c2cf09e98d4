import type { LaneState } from '../../lanes/lane-state.ts'
import { isResting } from '../../lanes/table-rest.ts'
import type { BaselineEntry, TableEntry } from '../../lanes/ledger-entry.ts'
import { baselineOf, scansToRun } from '../../lanes/snapshot-progress.ts'
import { TailraceError } from '../../errors.ts'
import type { ProducerRecord } from '../../kafka/kafka.ts'
import type { ScanPage } from '../../sources/source.ts'
import type { LaneEnvironment } from '../lane-environment.ts'
import type { LaneFeeds } from '../lane-feeds.ts'
import type { ShardProgress } from '../pipeline-event.ts'
import type { RowImage } from '../stages.ts'
import { createBaselines } from './baselines.ts'
import type { Baselines } from './baselines.ts'
import type { RowMemory } from './contained-changes.ts'
import type { RecentKeys } from './recent-keys.ts'
import { createSegmentFeed } from './segment-feed.ts'
import type { SegmentFeed } from './segment-feed.ts'
import { createSegmentReader, isSweep, reportWait, scannedTable } from './segment-readers.ts'
import type { ReaderParts, ScannedTable, WantedScan } from './segment-readers.ts'

/** The scans of all snapshots whose home a lane is. */
export interface LaneScans extends AsyncDisposable {
  /** Opens and closes scans after the lane's state. Closing waits until their requests have ended. */
  sync(state: LaneState): Promise<void>
  /**
   * What is here, fairly over segments, up to `maxBytes` or, while changes come, a quarter of it; at least one page if there is
   * any. Nothing, every other time, if there are changes to write: they need not wait until rows are converted and written, and
   * rows come right after.
   */
  takeBatch(maxBytes: number, areChangesHere: boolean): ScanBatch
  /** Records of a table's changes that go into the transaction in front of the batch's rows. */
  note(tableArn: string, records: readonly ProducerRecord[]): void
  /** Rows in front of a table's changes; undefined where nothing is to be left out because of them. */
  rowsInFront(tableArn: string): RowMemory | undefined
  /** Rows are durable now, and may contain changes that are still to come. */
  remember(rows: DeliveredRows): void
  /** True for a while behind the last of them: a snapshot is not over before. */
  isSettling(tableArn: string): boolean
  /** How far shards have come: a table whose stream falls behind is scanned more slowly, or not at all. */
  delivered(progress: readonly ShardProgress[]): void
  /** The scan is read no further: it is opened anew, from what the ledger says, by the `sync` after the next commit. */
  reopen(scan: string): void
  /** The same for a whole table, and only once its entry has a greater version than `version`. */
  halt(tableArn: string, version: number): void
}

/** What scans yielded for one transaction. */
export interface ScanBatch {
  /** To be written before the tables' first pages are asked for. */
  readonly baselines: readonly BaselineEntry[]
  readonly pages: readonly TakenScanPage[]
  readonly failures: readonly { readonly tableArn: string; readonly error: TailraceError }[]
}

/** Rows of one page. */
export interface DeliveredRows {
  readonly tableArn: string
  readonly images: readonly RowImage[]
  /** When the page was asked for. Wall clock milliseconds. */
  readonly readAtMs: number
}

/** A page in a batch. */
export interface TakenScanPage {
  /** Name of the scan, for `reopen`. */
  readonly scan: string
  readonly tableArn: string
  readonly segment: number
  readonly page: ScanPage
  readonly afterKey: string | undefined
  readonly request: number
  readonly recent: RecentKeys
  /** Whoever took the batch calls it, once the page is committed or thrown away. */
  release(): void
}

/** After so long without changes there will be none for a while. */
const streamedMs = 2_000

interface OpenScan {
  readonly tableArn: string
  readonly segment: number
  readonly feed: SegmentFeed
  readonly recent: RecentKeys
  isSpent: boolean
}

export function createLaneScans(
  lane: number,
  environment: LaneEnvironment,
  feeds: Pick<LaneFeeds, 'readingsOf'>,
  onReady: () => void,
): LaneScans {
  return new OwnScans(lane, environment, feeds, onReady)
}

class OwnScans implements LaneScans {
  readonly #lane: number
  readonly #environment: LaneEnvironment
  readonly #onReady: () => void
  readonly #scans = new Map<string, OpenScan>()
  readonly #tables = new Map<string, ScannedTable>()
  readonly #halted = new Map<string, number>()
  readonly #stop = new AbortController()
  readonly #feeds: Pick<LaneFeeds, 'readingsOf'>
  readonly #baselines: Baselines
  readonly #parts: ReaderParts
  /** Snapshots that may not be scanned yet. */
  #unready: readonly TableEntry[] = []
  #turn = 0
  #areRowsNext = false
  #changesAtMs = Number.NEGATIVE_INFINITY

  constructor(lane: number, environment: LaneEnvironment, feeds: Pick<LaneFeeds, 'readingsOf'>, onReady: () => void) {
    this.#lane = lane
    this.#environment = environment
    this.#feeds = feeds
    this.#onReady = onReady
    this.#baselines = createBaselines({
      log: environment.topicLog,
      clock: environment.clock,
      signal: this.#stop.signal,
      onReady,
      onRetry: (table, error, retryInMs) => reportWait(environment, { table, error, retryInMs }),
    })
    this.#parts = { lane, environment, nextTurn: (signal) => this.#nextTurn(signal), live: this.#stop.signal }
  }

  async sync(state: LaneState): Promise<void> {
    const wanted = this.#wanted(state)
    const gone = [...this.#scans].filter(([name, { isSpent }]) => isSpent || !wanted.has(name))
    await Promise.all(gone.map(([name]) => this.#close(name)))
    for (const [name, scan] of wanted) if (!this.#scans.has(name)) this.#scans.set(name, this.#open(scan))
    for (const table of this.#unready) this.#tableOf(table)
    const scanned = new Set([
      ...[...this.#scans.values()].map(({ tableArn }) => tableArn),
      ...this.#unready.map(({ table }) => table.arn),
    ])
    for (const [arn, { rows }] of this.#tables)
      if (!scanned.has(arn) && !this.#isHomeOf(state.tables.get(arn), rows?.run)) this.#tables.delete(arn)
  }

  takeBatch(maxBytes: number, areChangesHere: boolean): ScanBatch {
    const now = this.#environment.clock.monotonic()
    if (areChangesHere) this.#changesAtMs = now
    this.#areRowsNext = areChangesHere && !this.#areRowsNext && this.#scans.size > 0
    if (this.#areRowsNext) {
      this.#onReady()
      return { baselines: [], pages: [], failures: [] }
    }
    this.#turn++
    const live = [...this.#scans].filter(([, { isSpent }]) => !isSpent)
    const start = live.length === 0 ? 0 : this.#turn % live.length
    // What a change may have to wait for is less while there are any.
    const bound = now - this.#changesAtMs < streamedMs ? maxBytes / 4 : maxBytes
    const batch = takeBatch([...live.slice(start), ...live.slice(0, start)], bound)
    const arns = new Set(live.map(([, { tableArn }]) => tableArn))
    const baselines = this.#unready.flatMap((table) => this.#baselineFor(table))
    return { ...batch, baselines, failures: [...batch.failures, ...parked(this.#tables, arns), ...this.#blind(arns)] }
  }

  note(tableArn: string, records: readonly ProducerRecord[]): void {
    const recent = this.#tables.get(tableArn)?.recent
    if (recent === undefined) return
    for (const { key } of records) if (key !== null) recent.note(key)
  }

  rowsInFront(tableArn: string): RowMemory | undefined {
    return this.#tables.get(tableArn)?.rows
  }

  remember({ tableArn, images, readAtMs }: DeliveredRows): void {
    const table = this.#tables.get(tableArn)
    if (table?.rows === undefined) return
    table.rows.remember(images, readAtMs)
    table.settledAt = this.#environment.clock.monotonic() + settleMs
  }

  isSettling(tableArn: string): boolean {
    const settledAt = this.#tables.get(tableArn)?.settledAt ?? Number.NEGATIVE_INFINITY
    return this.#environment.clock.monotonic() < settledAt
  }

  delivered(progress: readonly ShardProgress[]): void {
    for (const table of this.#tables.values()) {
      for (const { shard, committedAtMs, lastCreatedAtMs } of progress)
        if (shard.table === table.name) table.gate.delivered(shard.shardId, committedAtMs - lastCreatedAtMs)
    }
  }

  reopen(name: string): void {
    const scan = this.#scans.get(name)
    if (scan !== undefined) scan.isSpent = true
  }

  halt(tableArn: string, version: number): void {
    this.#halted.set(tableArn, version)
    for (const scan of this.#scans.values()) if (scan.tableArn === tableArn) scan.isSpent = true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new TailraceError('INTERNAL', 'the lane was closed'))
    await Promise.all([...this.#scans.keys()].map((name) => this.#close(name)))
  }

  #wanted(state: LaneState): ReadonlyMap<string, WantedScan> {
    const { identity, tuning } = this.#environment
    const wanted = new Map<string, WantedScan>()
    const unready: TableEntry[] = []
    for (const { table, segments } of scansToRun(state, { lane: this.#lane, lanes: identity.lanes, nowMs: 0 })) {
      const { arn } = table.table
      if (table.version <= (this.#halted.get(arn) ?? 0)) continue
      const baseline = baselineOf(state, table)
      if (table.snapshot?.regains === true && baseline === undefined) unready.push(table)
      else
        for (const scan of segments.slice(0, isSweep(table, segments[0]) ? 1 : tuning.scansAtOnce))
          wanted.set(`${arn}/${table.run}/${scan.segment}`, { table, scan, baseline })
    }
    this.#unready = unready
    return wanted
  }

  /** Changes that rows of this run contain come for a while after its last page, and until it is released they come here. */
  #isHomeOf(table: TableEntry | undefined, run: number | undefined): boolean {
    if (table === undefined || run !== table.run || isResting(table)) return false
    return table.homeLane === this.#lane && table.snapshot?.state === 'running' && table.status.kind === 'streaming'
  }

  /**
   * Not while the table's changes are far behind: what is about to be trimmed would be lost after all, and behind the
   * baseline that is no longer made up for.
   */
  #baselineFor(table: TableEntry): readonly BaselineEntry[] {
    const { arn } = table.table
    const readings = this.#tableOf(table).gate.verdict() === 'go' ? this.#feeds.readingsOf(arn) : undefined
    const baseline = this.#baselines.of(table, readings)
    return baseline === undefined ? [] : [baseline]
  }

  #tableOf(entry: TableEntry): ScannedTable {
    const { arn } = entry.table
    const shared = this.#tables.get(arn) ?? scannedTable(this.#environment, entry)
    this.#tables.set(arn, shared)
    return shared
  }

  #open(wanted: WantedScan): OpenScan {
    const { table, scan } = wanted
    const { arn } = table.table
    const shared = this.#tableOf(table)
    shared.rows?.begin(table.run)
    const feed = createSegmentFeed({
      reader: createSegmentReader(wanted, shared, this.#parts),
      afterKey: scan.lastKey,
      recent: shared.recent,
      clock: this.#environment.clock,
      readAheadPages: 1,
      onReady: this.#onReady,
    })
    return { tableArn: arn, segment: scan.segment, feed, recent: shared.recent, isSpent: false }
  }

  /** Tables whose changes cannot be compared with rows, although they are to be. */
  #blind(live: ReadonlySet<string>): ScanBatch['failures'] {
    return [...live].flatMap((tableArn) => {
      const { name, rows, hasBothImages } = this.#tables.get(tableArn) ?? {}
      if (rows === undefined || hasBothImages === true) return []
      const text = `snapshot.skip.contained.changes needs both images of a change, and the stream of table ${name ?? ''} has not both`
      return [{ tableArn, error: new TailraceError('SNAPSHOT_IMAGES', text) }]
    })
  }

  /** A turn begins when the transaction of the one before is committed. */
  async #nextTurn(signal: AbortSignal): Promise<void> {
    const { clock } = this.#environment
    for (const turn = this.#turn; this.#turn === turn;) await clock.sleep(turnLookMs, signal)
  }

  async #close(name: string): Promise<void> {
    const open = this.#scans.get(name)
    this.#scans.delete(name)
    await open?.feed[Symbol.asyncDispose]()
  }
}

/** Streams show a change within a second or so, and idle shards are asked once a second. */
const settleMs = 10_000
const turnLookMs = 50

function parked(tables: ReadonlyMap<string, ScannedTable>, live: ReadonlySet<string>): ScanBatch['failures'] {
  return [...live].flatMap((tableArn) => {
    const table = tables.get(tableArn)
    if (table?.gate.verdict() !== 'park') return []
    const hours = (table.gate.behindMs / 3_600_000).toFixed(1)
    const text = `the changes of table ${table.name} are ${hours} hours behind in its home lane, and fall further behind`
    return [{ tableArn, error: new TailraceError('SNAPSHOT_PARKED', text) }]
  })
}

/** A page of each scan in turn. */
function takeBatch(live: readonly (readonly [string, OpenScan])[], maxBytes: number): Omit<ScanBatch, 'baselines'> {
  const pages: TakenScanPage[] = []
  const failures: ScanBatch['failures'][number][] = []
  let bytes = 0
  for (const [scan, { tableArn, segment, feed, recent }] of live) {
    if (pages.length > 0 && bytes >= maxBytes) break
    const item = feed.take()
    if (item === undefined) continue
    if (item.kind === 'failed') {
      failures.push({ tableArn, error: item.error })
      continue
    }
    bytes += item.page.bytes
    const { page, afterKey, request, share } = item
    const release = (): void => {
      share.release()
      recent.settle(request)
    }
    pages.push({ scan, tableArn, segment, page, afterKey, request, recent, release })
  }
  return { pages, failures }
}
