import type { Command } from 'commander'
import { lineageOf, shardsOfLedger } from '../../../lanes/ledger-shards.ts'
import type { LineageNode } from '../../../lanes/ledger-shards.ts'
import type { TableEntry } from '../../../lanes/ledger-entry.ts'
import type { ShardStatus } from '../../../lanes/lane-state.ts'
import { succeeded } from '../command-context.ts'
import { writeResult } from '../command-host.ts'
import type { CommandHost } from '../command-host.ts'
import { durationText } from '../duration-text.ts'
import { loadPipeline } from '../load-pipeline.ts'
import { openKafka } from '../open-kafka.ts'
import { readPipelineLedger, tableNamed } from '../../ledger/pipeline-ledger.ts'
import type { PipelineLedger } from '../../ledger/pipeline-ledger.ts'
import { renderTable } from '../render.ts'

/** `tailrace shards <config>`: every shard that the ledger knows, parents above their children. */
export function registerShards(program: Command, { context, action }: CommandHost): void {
  program
    .command('shards')
    .description('show the shards of each table as a tree, with lane and position')
    .argument('<config>', 'the pipeline file')
    .option('--table <name>', 'only this table')
    .action(
      action(async (command) => {
        const config = await loadPipeline(command.args[0] ?? '', context)
        await using kafka = openKafka(config, context)
        const ledger = await readPipelineLedger(config, kafka, context.signal)
        const { table } = command.opts<{ table?: string }>()
        const tables = table === undefined ? ledger.tables : [tableNamed(ledger, table)]
        const trees = tables.flatMap((entry) => treesOf(ledger, entry, context.clock.now()))
        writeResult(context, command, { json: { tables: trees }, text: trees.map(render).join('\n') })
        return succeeded
      }),
    )
}

/** One stream of a table; a replaced stream stands beside the present one while the ledger remembers it. */
interface StreamTree {
  readonly table: string
  readonly streamArn: string
  readonly isPresent: boolean
  readonly shards: readonly ShardNode[]
}

interface ShardNode {
  readonly shardId: string
  readonly lane: number
  readonly status: ShardStatus
  readonly generation: number
  /** The last sequence number delivered; null = nothing yet, from the trim horizon. */
  readonly after: string | null
  readonly lastChangeAtMs: number | null
  readonly lastChangeAgeMs: number | null
  readonly children: readonly ShardNode[]
}

function treesOf(ledger: PipelineLedger, { table }: TableEntry, nowMs: number): readonly StreamTree[] {
  const own = [...shardsOfLedger(ledger.lanes).values()].filter(({ shard }) => shard.tableArn === table.arn)
  const streams = new Set([table.streamArn, ...own.map(({ shard }) => shard.streamArn)])
  return [...streams].map((streamArn) => ({
    table: table.name,
    streamArn,
    isPresent: streamArn === table.streamArn,
    shards: lineageOf(own.filter(({ shard }) => shard.streamArn === streamArn)).map((node) => nodeOf(node, nowMs)),
  }))
}

function nodeOf({ shard, lane, children }: LineageNode, nowMs: number): ShardNode {
  const { shardId, status, generation, after, createdAtMs } = shard
  const lastChangeAtMs = createdAtMs ?? null
  return {
    shardId,
    lane,
    status,
    generation,
    after: after ?? null,
    lastChangeAtMs,
    lastChangeAgeMs: lastChangeAtMs === null ? null : Math.max(0, nowMs - lastChangeAtMs),
    children: children.map((child) => nodeOf(child, nowMs)),
  }
}

const columns = [
  { title: 'SHARD' },
  { title: 'LANE', isNumeric: true },
  { title: 'STATE' },
  { title: 'GENERATION', isNumeric: true },
  { title: 'DELIVERED UP TO' },
  { title: 'LAST CHANGE' },
]

function render({ table, streamArn, isPresent, shards }: StreamTree): string {
  const head = `${table}  ${streamArn}${isPresent ? '' : ' (replaced)'}\n`
  if (shards.length === 0) return `${head}no shards yet\n`
  return `${head}${renderTable(columns, rowsOf(shards, ''))}`
}

function rowsOf(nodes: readonly ShardNode[], margin: string): readonly (readonly string[])[] {
  return nodes.flatMap((node, index) => {
    const isLast = index === nodes.length - 1
    const isRoot = margin === ''
    const branch = isRoot ? '' : isLast ? '└─ ' : '├─ '
    const below = isRoot ? ' ' : `${margin}${isLast ? '   ' : '│  '}`
    return [rowOf(node, `${margin}${branch}`), ...rowsOf(node.children, below)]
  })
}

function rowOf(node: ShardNode, lead: string): readonly string[] {
  const { lastChangeAgeMs } = node
  return [
    `${lead}${node.shardId}`,
    String(node.lane),
    node.status,
    String(node.generation),
    node.after ?? '(trim horizon)',
    lastChangeAgeMs === null ? '' : `${durationText(lastChangeAgeMs)} ago`,
  ]
}
