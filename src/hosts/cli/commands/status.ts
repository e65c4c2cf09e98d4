import type { Command } from 'commander'
import type { TableEntry } from '../../../lanes/ledger-entry.ts'
import type { ShardStatus } from '../../../lanes/lane-state.ts'
import { shardsOfLedger } from '../../../lanes/ledger-shards.ts'
import type { LedgerShard } from '../../../lanes/ledger-shards.ts'
import { counted } from '../../counted.ts'
import { streamRetentionMs } from '../../server/progress-board.ts'
import type { GroupMember, InspectedGroup } from '../../../kafka/cluster-inspector.ts'
import { succeeded } from '../command-context.ts'
import { writeResult } from '../command-host.ts'
import type { CommandHost } from '../command-host.ts'
import { durationText } from '../duration-text.ts'
import { loadPipeline } from '../load-pipeline.ts'
import { openInspector, openKafka } from '../open-kafka.ts'
import { readPipelineLedger } from '../pipeline-ledger.ts'
import type { PipelineLedger } from '../pipeline-ledger.ts'
import { renderPairs, renderTable } from '../render.ts'

/** `tailrace status <config>`: what the ledger and the group say of a pipeline. Needs Kafka, and nothing of AWS. */
export function registerStatus(program: Command, { context, action }: CommandHost): void {
  program
    .command('status')
    .description('show workers, tables and how far they are')
    .argument('<config>', 'the pipeline file')
    .action(
      action(async (command) => {
        const config = loadPipeline(command.args[0] ?? '', context)
        await using kafka = openKafka(config, context)
        await using inspector = openInspector(config, context)
        const ledger = await readPipelineLedger(config, kafka, context.signal)
        const group = await inspector.group(config.groupId, config.ledger.topic, context.signal)
        const status = statusOf(ledger, group, context.clock.now())
        writeResult(context, command, { json: status, text: render(status) })
        return succeeded
      }),
    )
}

/** What `--json` prints. Ages in milliseconds; null where nothing is known. */
interface PipelineStatus {
  readonly pipeline: string
  readonly epoch: number
  readonly lanes: number
  readonly clusterId: string
  readonly group: { readonly state: string; readonly members: readonly GroupMember[] }
  readonly tables: readonly TableStatusRow[]
}

interface TableStatusRow {
  readonly table: string
  readonly arn: string
  readonly topic: string
  readonly streamArn: string
  readonly status: TableEntry['status']['kind']
  readonly code: string | null
  readonly reason: string | null
  readonly shards: Readonly<Record<ShardStatus, number>>
  /** Creation time of the newest change in Kafka, and its age. */
  readonly newestChangeAtMs: number | null
  readonly newestChangeAgeMs: number | null
  /**
   * 24 hours minus the age of the last committed change of the open shard that is furthest behind: at least so long
   * nothing is lost. A shard without new changes counts as behind, since the ledger cannot tell.
   */
  readonly headroomMs: number | null
}

function statusOf(ledger: PipelineLedger, group: InspectedGroup, nowMs: number): PipelineStatus {
  const { pipeline, epoch, clusterId, lanes } = ledger.identity
  const shards = [...shardsOfLedger(ledger.lanes).values()]
  return {
    pipeline,
    epoch,
    lanes,
    clusterId,
    group: { state: group.state, members: group.members },
    tables: ledger.tables.map((entry) => {
      const own = shards.filter(({ shard }) => shard.tableArn === entry.table.arn)
      return rowOf(entry, own, nowMs)
    }),
  }
}

function rowOf(entry: TableEntry, shards: readonly LedgerShard[], nowMs: number): TableStatusRow {
  const { table, topic, status } = entry
  const counts = { waiting: 0, open: 0, moved: 0, end: 0 }
  for (const { shard } of shards) counts[shard.status]++
  const newest = extreme(Math.max, shards, ({ at }) => at?.createdAtMs)
  const open = shards.filter(({ shard }) => shard.status === 'open')
  const oldestOpen = extreme(Math.min, open, ({ sinceMs }) => sinceMs)
  return {
    table: table.name,
    arn: table.arn,
    topic,
    streamArn: table.streamArn,
    status: status.kind,
    code: status.kind === 'stopped' ? status.code : null,
    reason: reasonOf(entry),
    shards: counts,
    newestChangeAtMs: newest,
    newestChangeAgeMs: newest === null ? null : Math.max(0, nowMs - newest),
    headroomMs: oldestOpen === null ? null : Math.max(0, streamRetentionMs - Math.max(0, nowMs - oldestOpen)),
  }
}

function reasonOf({ status }: TableEntry): string | null {
  if (status.kind === 'stopped') return status.reason
  return status.kind === 'draining' ? `its stream was replaced by ${status.replacedBy}` : null
}

function extreme(
  pick: (...times: number[]) => number,
  shards: readonly LedgerShard[],
  timeOf: (shard: LedgerShard['shard']) => number | undefined,
): number | null {
  const times = shards.flatMap(({ shard }) => timeOf(shard) ?? [])
  return times.length === 0 ? null : pick(...times)
}

function render(status: PipelineStatus): string {
  const { group, tables } = status
  const head = renderPairs([
    ['pipeline', status.pipeline],
    ['epoch', String(status.epoch)],
    ['lanes', String(status.lanes)],
    ['cluster', status.clusterId],
    ['group', `${group.state}, ${counted(group.members.length, 'worker')}`],
  ])
  const workers = renderTable(
    [{ title: 'WORKER' }, { title: 'HOST' }, { title: 'LANES' }],
    group.members.map(({ memberId, host, partitions }) => [memberId, host, partitions.join(', ')]),
  )
  const rows = tables.map((row) => [
    row.table,
    row.code === null ? row.status : `${row.status} (${row.code})`,
    row.topic,
    String(row.shards.open),
    String(row.shards.waiting),
    String(row.shards.end),
    row.newestChangeAgeMs === null ? 'none yet' : `${durationText(row.newestChangeAgeMs)} ago`,
    row.headroomMs === null ? 'unknown' : `≥ ${durationText(row.headroomMs)}`,
  ])
  const columns = ['TABLE', 'STATUS', 'TOPIC', 'OPEN', 'WAITING', 'ENDED', 'NEWEST CHANGE', 'HEADROOM'].map(
    (title) => ({
      title,
      isNumeric: ['OPEN', 'WAITING', 'ENDED'].includes(title),
    }),
  )
  const reasons = tables
    .filter(({ reason }) => reason !== null)
    .map(({ table, reason }) => `${table}: ${reason ?? ''}\n`)
  return [
    head,
    ...(group.members.length > 0 ? [`\n${workers}`] : []),
    tables.length > 0 ? `\n${renderTable(columns, rows)}` : '\nno tables yet\n',
    ...(reasons.length > 0 ? [`\n${reasons.join('')}`] : []),
  ].join('')
}
