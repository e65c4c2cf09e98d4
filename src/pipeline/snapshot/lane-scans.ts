import type { ByteShare } from '../../async/byte-budget.ts'
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
  /** Scans that were opened and are not spent. */
  readonly isIdle: boolean
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

/** A page in a batch. Whoever took the batch releases its share and settles its request. */
export interface TakenScanPage {
  /** Name of the scan, for `reopen`. */
  readonly scan: string
  readonly tableArn: string
  readonly segment: number
  readonly page: ScanPage
  readonly afterKey: string | undefined
  readonly request: number
  readonly share: ByteShare
  readonly recent: RecentKeys
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
  const scans = new Map<string, OpenScan>()
  const tables = new Map<string, ScannedTable>()
  const halted = new Map<string, number>()
  let turn = 0

  const close = async (name: string): Promise<void> => {
    const open = scans.get(name)
    scans.delete(name)
    await open?.feed[Symbol.asyncDispose]()
  }
  const open = (table: TableEntry, position: ScanEntry): OpenScan => {
    const { arn } = table.table
    const shared = tables.get(arn) ?? scannedTable(environment, table.table.name)
    tables.set(arn, shared)
    const { recent } = shared
    const { segment, totalSegments, lastKey } = position
    const feed = createSegmentFeed({
      ...environment,
      budget: environment.scanBudget,
      position: { table: table.table, segment, totalSegments, afterKey: lastKey, filter: table.snapshot?.filter },
      ...shared,
      readAheadPages: 1,
      onReady,
      onPage: (page) =>
        environment.onEvent({
          kind: 'scan-page-read',
          lane,
          table: table.table.name,
          segment,
          items: page.items.length,
          bytes: page.bytes,
          tookMs: page.receivedAtMs - page.requestedAtMs,
        }),
    })
    return { tableArn: arn, segment, feed, recent, isSpent: false }
  }
  return {
    get isIdle() {
      return scans.size === 0
    },
    sync: async (state) => {
      const context = { lane, lanes: environment.identity.lanes, nowMs: 0 }
      const running = scansToRun(state, context).filter(
        ({ table }) => table.version > (halted.get(table.table.arn) ?? 0),
      )
      const wanted = new Map(
        running.flatMap(({ table, segments }) =>
          segments
            .slice(0, environment.tuning.scansAtOnce)
            .map((scan): [string, { readonly table: TableEntry; readonly scan: ScanEntry }] => [
              `${table.table.arn}/${table.run}/${scan.segment}`,
              { table, scan },
            ]),
        ),
      )
      const gone = [...scans].filter(([name, { isSpent }]) => isSpent || !wanted.has(name))
      await Promise.all(gone.map(([name]) => close(name)))
      for (const [name, { table, scan }] of wanted) if (!scans.has(name)) scans.set(name, open(table, scan))
      const scanned = new Set([...scans.values()].map(({ tableArn }) => tableArn))
      for (const arn of tables.keys()) if (!scanned.has(arn)) tables.delete(arn)
    },
    takeBatch: (maxBytes) => {
      turn++
      const live = [...scans].filter(([, { isSpent }]) => !isSpent)
      const start = live.length === 0 ? 0 : turn % live.length
      const batch = takeBatch([...live.slice(start), ...live.slice(0, start)], maxBytes)
      return {
        ...batch,
        failures: [...batch.failures, ...parked(tables, new Set(live.map(([, scan]) => scan.tableArn)))],
      }
    },
    note: (tableArn, records) => {
      const recent = tables.get(tableArn)?.recent
      if (recent === undefined) return
      for (const { key } of records) if (key !== null) recent.note(key)
    },
    delivered: (progress) => {
      for (const table of tables.values()) {
        for (const { shard, committedAtMs, lastCreatedAtMs } of progress) {
          if (shard.table === table.name) table.gate.delivered(shard.shardId, committedAtMs - lastCreatedAtMs)
        }
      }
    },
    reopen: (name) => {
      const scan = scans.get(name)
      if (scan !== undefined) scan.isSpent = true
    },
    halt: (tableArn, version) => {
      halted.set(tableArn, version)
      for (const scan of scans.values()) if (scan.tableArn === tableArn) scan.isSpent = true
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...scans.keys()].map(close))
    },
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
    pages.push({ scan, tableArn, segment, page, afterKey, request, share, recent })
  }
  return { pages, failures }
}
