import type { LaneState } from '../../lanes/lane-state.ts'
import type { ScanEntry, TableEntry } from '../../lanes/ledger-entry.ts'
import { scansToRun } from '../../lanes/snapshot-progress.ts'
import { TailraceError } from '../../errors.ts'
import type { ProducerRecord } from '../../kafka/kafka.ts'
import type { ScanPage } from '../../sources/source.ts'
import type { LaneEnvironment } from '../lane-environment.ts'
import type { ShardProgress } from '../pipeline-event.ts'
import { createRecentKeys } from './recent-keys.ts'
import type { RecentKeys } from './recent-keys.ts'
import { createScanGate } from './scan-gate.ts'
import type { ScanGate } from './scan-gate.ts'
import { createTablePace } from './scan-limits.ts'
import type { ScanPace } from './scan-pace.ts'
import { createSegmentFeed } from './segment-feed.ts'
import type { SegmentFeed } from './segment-feed.ts'

/** The scans of all snapshots whose home a lane is. */
export interface LaneScans extends AsyncDisposable {
  /** Opens and closes scans after the lane's state. Closing waits until their requests have ended. */
  sync(state: LaneState): Promise<void>
  /** What is here, fairly over segments, up to `maxBytes`; at least one page if there is any. */
  takeBatch(maxBytes: number): ScanBatch
  /** Records of a table's changes that go into the transaction in front of the batch's rows. */
  note(tableArn: string, records: readonly ProducerRecord[]): void
  /** How far shards have come: a table whose stream falls behind is scanned more slowly, or not at all. */
  delivered(progress: readonly ShardProgress[]): void
  /** The scan is read no further: it is opened anew, from what the ledger says, by the `sync` after the next commit. */
  reopen(scan: string): void
  /** The same for a whole table, and only once its entry has a greater version than `version`. */
  halt(tableArn: string, version: number): void
}

/** What scans yielded for one transaction. */
export interface ScanBatch {
  readonly pages: readonly TakenScanPage[]
  readonly failures: readonly { readonly tableArn: string; readonly error: TailraceError }[]
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

interface OpenScan {
  readonly tableArn: string
  readonly segment: number
  readonly feed: SegmentFeed
  readonly recent: RecentKeys
  isSpent: boolean
}

/** What the scans of one table have in common. */
interface ScannedTable {
  readonly name: string
  readonly recent: RecentKeys
  readonly pace: ScanPace
  readonly gate: ScanGate
}

export function createLaneScans(lane: number, environment: LaneEnvironment, onReady: () => void): LaneScans {
  return new OwnScans(lane, environment, onReady)
}

class OwnScans implements LaneScans {
  readonly #lane: number
  readonly #environment: LaneEnvironment
  readonly #onReady: () => void
  readonly #scans = new Map<string, OpenScan>()
  readonly #tables = new Map<string, ScannedTable>()
  readonly #halted = new Map<string, number>()
  #turn = 0

  constructor(lane: number, environment: LaneEnvironment, onReady: () => void) {
    this.#lane = lane
    this.#environment = environment
    this.#onReady = onReady
  }

  async sync(state: LaneState): Promise<void> {
    const wanted = this.#wanted(state)
    const gone = [...this.#scans].filter(([name, { isSpent }]) => isSpent || !wanted.has(name))
    await Promise.all(gone.map(([name]) => this.#close(name)))
    for (const [name, { table, scan }] of wanted)
      if (!this.#scans.has(name)) this.#scans.set(name, this.#open(table, scan))
    const scanned = new Set([...this.#scans.values()].map(({ tableArn }) => tableArn))
    for (const arn of this.#tables.keys()) if (!scanned.has(arn)) this.#tables.delete(arn)
  }

  takeBatch(maxBytes: number): ScanBatch {
    this.#turn++
    const live = [...this.#scans].filter(([, { isSpent }]) => !isSpent)
    const start = live.length === 0 ? 0 : this.#turn % live.length
    const batch = takeBatch([...live.slice(start), ...live.slice(0, start)], maxBytes)
    const arns = new Set(live.map(([, { tableArn }]) => tableArn))
    return { ...batch, failures: [...batch.failures, ...parked(this.#tables, arns)] }
  }

  note(tableArn: string, records: readonly ProducerRecord[]): void {
    const recent = this.#tables.get(tableArn)?.recent
    if (recent === undefined) return
    for (const { key } of records) if (key !== null) recent.note(key)
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
    await Promise.all([...this.#scans.keys()].map((name) => this.#close(name)))
  }

  #wanted(state: LaneState): ReadonlyMap<string, { readonly table: TableEntry; readonly scan: ScanEntry }> {
    const { identity, tuning } = this.#environment
    const wanted = new Map<string, { readonly table: TableEntry; readonly scan: ScanEntry }>()
    for (const { table, segments } of scansToRun(state, { lane: this.#lane, lanes: identity.lanes, nowMs: 0 })) {
      const { arn } = table.table
      if (table.version <= (this.#halted.get(arn) ?? 0)) continue
      for (const scan of segments.slice(0, tuning.scansAtOnce))
        wanted.set(`${arn}/${table.run}/${scan.segment}`, { table, scan })
    }
    return wanted
  }

  #open({ table, snapshot }: TableEntry, { segment, totalSegments, lastKey }: ScanEntry): OpenScan {
    const { onEvent, scanBudget } = this.#environment
    const shared = this.#tables.get(table.arn) ?? scannedTable(this.#environment, table.name)
    this.#tables.set(table.arn, shared)
    const feed = createSegmentFeed({
      ...this.#environment,
      ...shared,
      budget: scanBudget,
      position: { table, segment, totalSegments, afterKey: lastKey, filter: snapshot?.filter },
      readAheadPages: 1,
      onReady: this.#onReady,
      onPage: ({ items, bytes, receivedAtMs, requestedAtMs }) =>
        onEvent({
          kind: 'scan-page-read',
          lane: this.#lane,
          table: table.name,
          segment,
          items: items.length,
          bytes,
          tookMs: receivedAtMs - requestedAtMs,
        }),
    })
    return { tableArn: table.arn, segment, feed, recent: shared.recent, isSpent: false }
  }

  async #close(name: string): Promise<void> {
    const open = this.#scans.get(name)
    this.#scans.delete(name)
    await open?.feed[Symbol.asyncDispose]()
  }
}

function scannedTable(environment: LaneEnvironment, name: string): ScannedTable {
  const { source, clock, scanLimits, tuning } = environment
  const gate = createScanGate(clock, tuning.scanGate)
  return {
    name,
    gate,
    recent: createRecentKeys(tuning.maxRecentKeys),
    pace: createTablePace({ source, clock, limits: scanLimits, gate }, name),
  }
}

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
function takeBatch(live: readonly (readonly [string, OpenScan])[], maxBytes: number): ScanBatch {
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
