import { retentionOf } from '../../change/retention.ts'
import type { SkippedTable } from '../../change/skipped-table.ts'
import type { GroupMember, InspectedGroup } from '../../kafka/cluster-inspector.ts'
import type { TableEntry, TableTarget, Way } from '../../lanes/ledger-entry.ts'
import type { ShardStatus } from '../../lanes/lane-state.ts'
import { targetOf } from '../../lanes/table-rest.ts'
import { shardsOfLedger } from '../../lanes/ledger-shards.ts'
import type { LedgerShard } from '../../lanes/ledger-shards.ts'
import { presentWay } from '../../lanes/way.ts'
import { restOf, skippedOf } from '../ledger/table-state.ts'
import type { PipelineLedger } from '../ledger/pipeline-ledger.ts'

/** What `--json` prints. Ages in milliseconds; null where nothing is known. */
export interface PipelineStatus {
  readonly pipeline: string
  readonly epoch: number
  readonly lanes: number
  readonly clusterId: string
  /** Who moves it: its workers, its function, or nobody while it is given over. */
  readonly way: Way
  readonly group: { readonly state: string; readonly members: readonly GroupMember[] }
  readonly tables: readonly TableStatusRow[]
  /** What the last look for tables left out; a table of `tables` may be among them. */
  readonly skipped: readonly SkippedTable[]
  /** How many are skipped besides. */
  readonly moreSkipped: number
}

/** One table of a {@link PipelineStatus}. */
export interface TableStatusRow {
  readonly table: string
  readonly arn: string
  /** Null for a Kinesis stream whose changes go to the topics of their tables. */
  readonly topic: string | null
  readonly streamArn: string
  readonly status: TableEntry['status']['kind']
  /** What is wanted of it: a table that is paused or stopped is not read, whatever its status. */
  readonly target: TableTarget
  readonly code: string | null
  readonly reason: string | null
  readonly shards: Readonly<Record<ShardStatus, number>>
  /** Creation time of the newest change in Kafka, and its age. */
  readonly newestChangeAtMs: number | null
  readonly newestChangeAgeMs: number | null
  /**
   * How long the source keeps changes (24 hours, or a Kinesis stream's retention) minus the age of the last committed change of the open shard that is furthest behind; of a shard without a
   * change yet, that of its parents' last one: at least so long nothing is lost. A shard without new changes counts as
   * behind, since the ledger cannot tell.
   */
  readonly headroomMs: number | null
}

/** What ledger and group say together, seen at `nowMs`. */
export function statusOf(ledger: PipelineLedger, group: InspectedGroup, nowMs: number): PipelineStatus {
  const { pipeline, epoch, clusterId, lanes } = ledger.identity
  const shards = [...shardsOfLedger(ledger.lanes).values()]
  const skipped = skippedOf(ledger)
  return {
    pipeline,
    epoch,
    lanes,
    clusterId,
    way: presentWay(ledger.lanes).way,
    group: { state: group.state, members: group.members },
    tables: ledger.tables.map((entry) => {
      const own = shards.filter(({ shard }) => shard.tableArn === entry.table.arn)
      return { ...rowOf(entry, own, nowMs), reason: reasonOf(ledger, entry, nowMs) }
    }),
    skipped: skipped.tables,
    moreSkipped: skipped.more,
  }
}

function rowOf(entry: TableEntry, shards: readonly LedgerShard[], nowMs: number): Omit<TableStatusRow, 'reason'> {
  const { table, topic, status } = entry
  const counts = { waiting: 0, open: 0, moved: 0, end: 0 }
  for (const { shard } of shards) counts[shard.status]++
  const newest = extreme(Math.max, shards, ({ createdAtMs }) => createdAtMs)
  const open = shards.filter(({ shard }) => shard.status === 'open')
  // Nobody waits for more of a retired table: nothing can be lost.
  const isMeant = status.kind !== 'retired'
  const oldestOpen = extreme(Math.min, open, ({ sinceMs }) => sinceMs)
  return {
    table: table.name,
    arn: table.arn,
    topic: topic === '' ? null : topic,
    streamArn: table.streamArn,
    status: status.kind,
    target: targetOf(entry),
    code: status.kind === 'stopped' ? status.code : null,
    shards: counts,
    newestChangeAtMs: newest,
    newestChangeAgeMs: newest === null ? null : Math.max(0, nowMs - newest),
    headroomMs:
      oldestOpen === null || !isMeant ? null : Math.max(0, retentionOf(table) - Math.max(0, nowMs - oldestOpen)),
  }
}

function reasonOf(ledger: PipelineLedger, entry: TableEntry, nowMs: number): string | null {
  const { status } = entry
  if (status.kind === 'stopped') return status.reason
  if (status.kind === 'retired') return `${status.reason} (since ${new Date(status.sinceMs).toISOString()})`
  const rest = restOf(ledger, entry, nowMs)
  return rest ?? (status.kind === 'draining' ? `its stream was replaced by ${status.replacedBy}` : null)
}

function extreme(
  pick: (...times: number[]) => number,
  shards: readonly LedgerShard[],
  timeOf: (shard: LedgerShard['shard']) => number | undefined,
): number | null {
  const times = shards.flatMap(({ shard }) => timeOf(shard) ?? [])
  return times.length === 0 ? null : pick(...times)
}
