import type { Clock } from '../../async/clock.ts'
import type { PipelineEvent, PipelineEventSink, ShardName } from '../../pipeline/pipeline-event.ts'

/** How long DynamoDB Streams keep a change. */
export const streamRetentionMs: number = 24 * 3_600_000

/** What a process knows of its own work, folded from its events. For metrics, the console and people. */
export interface ProgressBoard {
  readonly onEvent: PipelineEventSink
  /** Shards that this process reads now. */
  shards(): readonly ShardView[]
  /** 24 hours minus the age of the oldest unread change, per table; milliseconds. */
  headroomMs(): ReadonlyMap<string, number>
  readonly totals: {
    readonly changes: number
    readonly records: number
    readonly bytes: number
    readonly transactions: number
  }
  readonly lanes: ReadonlySet<number>
  /** The group has told this process what is its share (which may be nothing). */
  readonly hasAssignment: boolean
}

/** One shard of this process. */
export interface ShardView {
  readonly shard: ShardName
  /** Age of the oldest change that is not committed yet, as an upper bound; 0 once the shard is read to its tip. */
  readonly ageMs: number
}

interface Tracked {
  readonly shard: ShardName
  lastCreatedAtMs: number | undefined
  /** Records read that no commit has covered yet. */
  pending: number
  isAtTip: boolean
}

export function createProgressBoard(clock: Clock): ProgressBoard {
  const tracked = new Map<string, Tracked>()
  const lanes = new Set<number>()
  let hasAssignment = false
  const totals = { changes: 0, records: 0, bytes: 0, transactions: 0 }
  const shards = (): readonly ShardView[] =>
    [...tracked.values()].map((entry) => ({ shard: entry.shard, ageMs: ageOf(entry, clock.now()) }))
  return {
    onEvent: (event) => {
      if (event.kind === 'lanes-assigned') hasAssignment = true
      apply(event, { tracked, lanes, totals })
    },
    shards,
    headroomMs: () => {
      const oldest = new Map<string, number>()
      for (const { shard, ageMs } of shards()) oldest.set(shard.table, Math.max(oldest.get(shard.table) ?? 0, ageMs))
      return new Map([...oldest].map(([table, ageMs]) => [table, Math.max(0, streamRetentionMs - ageMs)]))
    },
    totals,
    lanes,
    get hasAssignment() {
      return hasAssignment
    },
  }
}

/** A shard that was never read, of a table whose past is unknown, counts as read to its tip until a page says more. */
function ageOf(entry: Tracked, nowMs: number): number {
  if (entry.isAtTip || entry.lastCreatedAtMs === undefined) return 0
  return Math.max(0, nowMs - entry.lastCreatedAtMs)
}

interface Board {
  readonly tracked: Map<string, Tracked>
  readonly lanes: Set<number>
  readonly totals: { changes: number; records: number; bytes: number; transactions: number }
}

function apply(event: PipelineEvent, { tracked, lanes, totals }: Board): void {
  switch (event.kind) {
    case 'lane-taken':
      lanes.add(event.lane)
      return
    case 'lane-released':
      lanes.delete(event.lane)
      return
    case 'shard-opened':
      tracked.set(nameKey(event.shard), {
        shard: event.shard,
        lastCreatedAtMs: event.lastCreatedAtMs,
        pending: 0,
        isAtTip: false,
      })
      return
    case 'shard-closed':
      tracked.delete(nameKey(event.shard))
      return
    case 'page-read': {
      const entry = tracked.get(nameKey(event.shard))
      if (entry === undefined) return
      entry.pending += event.records
      entry.isAtTip = event.records === 0 && entry.pending === 0
      return
    }
    case 'transaction-committed': {
      totals.transactions++
      totals.changes += event.changes
      totals.records += event.records
      totals.bytes += event.bytes
      for (const { shard, read, lastCreatedAtMs } of event.shards) {
        const entry = tracked.get(nameKey(shard))
        if (entry === undefined) continue
        entry.pending = Math.max(0, entry.pending - read)
        entry.lastCreatedAtMs = lastCreatedAtMs
      }
      return
    }
    default:
  }
}

function nameKey(shard: ShardName): string {
  return `${shard.table}/${shard.shardId}`
}
