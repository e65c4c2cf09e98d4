import type { Clock } from '../../async/clock.ts'
import type { TailraceError } from '../../errors.ts'
import type { PipelineEvent, PipelineEventSink, StandingTable, TableSnapshot } from '../../pipeline/pipeline-event.ts'
import { createShardAges } from './shard-ages.ts'
import type { ShardView } from './shard-ages.ts'

/** What a process knows of its own work, folded from its events. For metrics, displays and people. */
export interface ProgressBoard {
  readonly onEvent: PipelineEventSink
  /** Shards that this process reads, or would read if their lane or table did not stand still. */
  shards(): readonly ShardView[]
  /** How long the source keeps changes minus the age of the oldest unread one, per table; milliseconds. */
  headroomMs(): ReadonlyMap<string, number>
  /** Tables that this process knows of, by ARN, as long as it holds a lane. Several regions or accounts may have one name. */
  tables(): ReadonlyMap<string, TableView>
  /** The newest snapshots of the pipeline's tables, whoever scans, as long as this process holds a lane. */
  readonly snapshots: readonly TableSnapshot[]
  readonly totals: WorkTotals
  readonly lanes: ReadonlyMap<number, LaneView>
  /** The lanes that the group gave to this process; undefined until it has told. */
  readonly assigned: readonly number[] | undefined
  /** Why the coordinator could not do its duty, until it does it again. Only where lane 0 is. */
  readonly coordinatorError: TailraceError | undefined
  /** The group has told this process what is its share (which may be nothing). */
  readonly hasAssignment: boolean
  /** The pipeline is about to be paused or stopped: time goes on for what this process held, until a worker starts again. */
  standStill(): void
}

/** Counts since the process began; committed work only. */
export interface WorkTotals {
  readonly changes: number
  readonly records: number
  readonly bytes: number
  readonly transactions: number
}

/** One table. */
export interface TableView extends Pick<StandingTable, 'table' | 'code' | 'reason'> {
  readonly status: StandingTable['status'] | 'streaming'
}

/** One lane of this process. */
export interface LaneView {
  readonly waiting: number
  readonly ended: number
  readonly committedAtMs: number | undefined
  /** Why it is being taken again; undefined while it works. */
  readonly doubt: TailraceError | undefined
}

export function createProgressBoard(clock: Clock): ProgressBoard {
  const ages = createShardAges(clock)
  const lanes = new Map<number, LaneView>()
  const totals = { changes: 0, records: 0, bytes: 0, transactions: 0 }
  let assigned: readonly number[] | undefined
  let known: Pick<Surveyed, 'standing' | 'snapshots'> = nothing
  let coordinatorError: TailraceError | undefined
  return {
    onEvent: (event) => {
      if (event.kind === 'lanes-assigned') assigned = event.lanes
      if (event.kind === 'worker-stopped') assigned = undefined
      if (event.kind === 'transaction-committed') add(totals, event)
      if (event.kind === 'coordinator-failed') coordinatorError = event.error
      if (event.kind === 'tables-looked-for' || isEndOfCoordinator(event)) coordinatorError = undefined
      // Every lane knows every table.
      if (event.kind === 'lane-surveyed') known = event
      trackLane(lanes, event, clock.now())
      if (lanes.size === 0) known = nothing
      ages.onEvent(event)
    },
    shards: ages.shards,
    headroomMs: () => {
      const headroom = new Map<string, number>()
      for (const { shard, retentionMs, ageMs } of ages.shards()) {
        const leftMs = Math.max(0, retentionMs - ageMs)
        headroom.set(shard.table, Math.min(headroom.get(shard.table) ?? Infinity, leftMs))
      }
      return headroom
    },
    tables: () => {
      const tables = new Map<string, TableView>()
      for (const { shard } of ages.shards()) tables.set(shard.arn, { table: shard.table, ...streaming })
      for (const { arn, table, status, code, reason } of known.standing)
        tables.set(arn, { table, status, code, reason })
      return tables
    },
    get snapshots() {
      return known.snapshots
    },
    totals,
    lanes,
    get assigned() {
      return assigned
    },
    get coordinatorError() {
      return coordinatorError
    },
    get hasAssignment() {
      return assigned !== undefined
    },
    standStill: ages.standStill,
  }
}

const streaming: Omit<TableView, 'table'> = { status: 'streaming', code: undefined, reason: undefined }

type Surveyed = Extract<PipelineEvent, { readonly kind: 'lane-surveyed' }>

const nothing = { standing: [], snapshots: [] }

type Committed = Extract<PipelineEvent, { readonly kind: 'transaction-committed' }>

function isEndOfCoordinator(event: PipelineEvent): boolean {
  return (event.kind === 'lane-released' || event.kind === 'lane-in-doubt') && event.lane === 0
}

function add(totals: { -readonly [K in keyof WorkTotals]: number }, event: Committed): void {
  totals.transactions++
  totals.changes += event.changes
  totals.records += event.records
  totals.bytes += event.bytes
}

const untouched: LaneView = { waiting: 0, ended: 0, committedAtMs: undefined, doubt: undefined }

function trackLane(lanes: Map<number, LaneView>, event: PipelineEvent, nowMs: number): void {
  if (event.kind === 'lane-taken') lanes.set(event.lane, { ...(lanes.get(event.lane) ?? untouched), doubt: undefined })
  if (event.kind === 'lane-released') lanes.delete(event.lane)
  if (event.kind === 'lane-in-doubt')
    lanes.set(event.lane, { ...(lanes.get(event.lane) ?? untouched), doubt: event.error })
  const lane = 'lane' in event ? lanes.get(event.lane) : undefined
  if (lane === undefined) return
  if (event.kind === 'lane-surveyed') lanes.set(event.lane, { ...lane, waiting: event.waiting, ended: event.ended })
  if (event.kind === 'transaction-committed') lanes.set(event.lane, { ...lane, committedAtMs: nowMs })
}
