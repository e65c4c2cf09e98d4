import type { Clock } from '../../async/clock.ts'
import type { HaltedShard, PipelineEvent, PipelineEventSink, ShardName } from '../../pipeline/pipeline-event.ts'

/** What a process knows of its own work, folded from its events. For metrics, displays and people. */
export interface ProgressBoard {
  readonly onEvent: PipelineEventSink
  /** Shards that this process reads, or would read if their table did not stand still. */
  shards(): readonly ShardView[]
  /** How long the source keeps changes minus the age of the oldest unread one, per table; milliseconds. */
  headroomMs(): ReadonlyMap<string, number>
  readonly totals: WorkTotals
  readonly lanes: ReadonlyMap<number, LaneView>
  /** The group has told this process what is its share (which may be nothing). */
  readonly hasAssignment: boolean
}

/** Counts since the process began; committed work only. */
export interface WorkTotals {
  readonly changes: number
  readonly records: number
  readonly bytes: number
  readonly transactions: number
}

/** One shard of this process. */
export interface ShardView {
  readonly shard: ShardName
  readonly isHalted: boolean
  /** Age of the oldest change that is not committed yet, as an upper bound; 0 once the shard is read to its tip. */
  readonly ageMs: number
}

/** One lane of this process. */
export interface LaneView {
  readonly waiting: number
  readonly ended: number
  readonly committedAtMs: number | undefined
}

export function createProgressBoard(clock: Clock): ProgressBoard {
  const shards = new Map<string, TrackedShard>()
  const lanes = new Map<number, LaneView>()
  let hasAssignment = false
  const totals = { changes: 0, records: 0, bytes: 0, transactions: 0 }
  const views = (): readonly ShardView[] =>
    [...shards.values()].map(({ shard, isHalted, ...entry }) => ({ shard, isHalted, ageMs: ageOf(entry, clock.now()) }))
  return {
    onEvent: (event) => {
      if (event.kind === 'lanes-assigned') hasAssignment = true
      if (event.kind === 'transaction-committed') add(totals, event)
      trackLane(lanes, event, clock.now())
      trackShards(shards, event, clock.now())
    },
    shards: views,
    headroomMs: () => {
      const headroom = new Map<string, number>()
      for (const { shard, retentionMs, ...entry } of shards.values()) {
        const leftMs = Math.max(0, retentionMs - ageOf(entry, clock.now()))
        headroom.set(shard.table, Math.min(headroom.get(shard.table) ?? Infinity, leftMs))
      }
      return headroom
    },
    totals,
    lanes,
    get hasAssignment() {
      return hasAssignment
    },
  }
}

interface TrackedShard {
  readonly shard: ShardName
  readonly isHalted: boolean
  readonly retentionMs: number
  /** What is not committed was created after this moment; undefined where nobody knows. */
  sinceMs: number | undefined
  /** When an empty page last showed that nothing was unread; what is unread now is younger. */
  tipAtMs: number | undefined
  /** Records read that no commit has covered yet. */
  pending: number
  isAtTip: boolean
}

/** A shard whose past nobody knows counts as read to its tip until a page says more. */
function ageOf(entry: Pick<TrackedShard, 'isAtTip' | 'sinceMs' | 'tipAtMs'>, nowMs: number): number {
  const since = Math.max(entry.sinceMs ?? 0, entry.tipAtMs ?? 0)
  return entry.isAtTip || since === 0 ? 0 : Math.max(0, nowMs - since)
}

type Committed = Extract<PipelineEvent, { readonly kind: 'transaction-committed' }>

function add(totals: { -readonly [K in keyof WorkTotals]: number }, event: Committed): void {
  totals.transactions++
  totals.changes += event.changes
  totals.records += event.records
  totals.bytes += event.bytes
}

function trackLane(lanes: Map<number, LaneView>, event: PipelineEvent, nowMs: number): void {
  if (event.kind === 'lane-taken') lanes.set(event.lane, { waiting: 0, ended: 0, committedAtMs: undefined })
  if (event.kind === 'lane-released') lanes.delete(event.lane)
  const lane = 'lane' in event ? lanes.get(event.lane) : undefined
  if (lane === undefined) return
  if (event.kind === 'lane-surveyed') lanes.set(event.lane, { ...lane, waiting: event.waiting, ended: event.ended })
  if (event.kind === 'transaction-committed') lanes.set(event.lane, { ...lane, committedAtMs: nowMs })
}

function trackShards(shards: Map<string, TrackedShard>, event: PipelineEvent, nowMs: number): void {
  switch (event.kind) {
    case 'shard-opened':
      shards.set(nameKey(event.shard), fresh(event, false))
      return
    case 'shard-closed':
      shards.delete(nameKey(event.shard))
      return
    case 'lane-surveyed':
      forgetLane(shards, event.lane, true)
      for (const halted of event.halted) shards.set(nameKey(halted.shard), fresh(halted, true))
      return
    case 'lane-released':
    case 'lane-in-doubt':
      forgetLane(shards, event.lane, false)
      return
    case 'page-read': {
      const entry = shards.get(nameKey(event.shard))
      if (entry !== undefined) notePage(entry, event, nowMs)
      return
    }
    case 'transaction-committed':
      for (const { shard, read, lastCreatedAtMs } of event.shards) {
        const entry = shards.get(nameKey(shard))
        if (entry === undefined) continue
        entry.pending = Math.max(0, entry.pending - read)
        entry.sinceMs = lastCreatedAtMs
      }
      return
    default:
  }
}

/** So little behind is no distance: the page itself has taken its time. */
const atTipMs = 60_000

/** An empty page of Kinesis may be far from the tip, which it says; where a source says nothing, empty is empty. */
function notePage(
  entry: TrackedShard,
  { records, readUpToMs = Infinity }: { readonly records: number; readonly readUpToMs?: number | undefined },
  nowMs: number,
): void {
  entry.pending += records
  const isEmpty = records === 0 && entry.pending === 0
  entry.isAtTip = isEmpty && nowMs - readUpToMs < atTipMs
  if (isEmpty) entry.tipAtMs = Math.max(entry.tipAtMs ?? 0, Math.min(nowMs, readUpToMs))
}

function forgetLane(shards: Map<string, TrackedShard>, lane: number, isOnlyHalted: boolean): void {
  for (const [key, { shard, isHalted }] of shards) {
    if (shard.lane === lane && (isHalted || !isOnlyHalted)) shards.delete(key)
  }
}

function fresh({ shard, sinceMs, retentionMs }: HaltedShard, isHalted: boolean): TrackedShard {
  return { shard, isHalted, retentionMs, sinceMs, tipAtMs: undefined, pending: 0, isAtTip: false }
}

function nameKey(shard: ShardName): string {
  return `${shard.table}/${shard.shardId}`
}
