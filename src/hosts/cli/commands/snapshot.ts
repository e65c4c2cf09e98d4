import { randomUUID } from 'node:crypto'
import type { Command } from 'commander'
import { parseFilterExpression } from '../../../change/filter-expression.ts'
import type { FilterExpression } from '../../../change/filter-expression.ts'
import type { PipelineConfig } from '../../../config/pipeline-config.ts'
import { TailraceError } from '../../../errors.ts'
import type { KafkaApi } from '../../../kafka/kafka.ts'
import type { RequestEntry, SnapshotAction, TableEntry } from '../../../lanes/ledger-entry.ts'
import { countOpen } from '../../../pipeline/snapshot/change-forecast.ts'
import { openSource } from '../../source-of.ts'
import { foundWrong, succeeded } from '../command-context.ts'
import type { CommandContext, CommandResult } from '../command-context.ts'
import { writeResult } from '../command-host.ts'
import type { CommandHost } from '../command-host.ts'
import { durationText } from '../duration-text.ts'
import { loadPipeline } from '../load-pipeline.ts'
import { openKafka } from '../open-kafka.ts'
import { readPipelineLedger, tableNamed } from '../../ledger/pipeline-ledger.ts'
import { renderPairs, renderTable } from '../render.ts'
import { estimateSnapshot, usualUsdPerMillion } from '../snapshot-estimate.ts'
import type { SnapshotEstimate } from '../snapshot-estimate.ts'
import { snapshotStatusOf } from '../snapshot-status.ts'
import type { SnapshotStatusRow } from '../snapshot-status.ts'
import { writeRequest } from '../../ledger/write-request.ts'

interface StartFlags {
  readonly filter?: string
  readonly segments?: string
  readonly as: SnapshotActionKind
  readonly dryRun?: boolean
  readonly usdPerMillion?: string
}

type SnapshotActionKind = 'incremental' | 'initial'

/** `tailrace snapshot start|pause|resume|stop|status`: asks the running pipeline for it, through its ledger. */
export function registerSnapshot(program: Command, { context, action }: CommandHost): void {
  const snapshot = program.command('snapshot').description("take a table's items into its topic, while it is streamed")
  snapshot
    .command('start')
    .description('begin a snapshot of a table')
    .argument('<config>', 'the pipeline file')
    .argument('<table>', 'the table')
    .option('--filter <expression>', 'only items such as "status = \'open\' AND total >= 10"')
    .option('--segments <n>', 'parts in which the table is scanned; default: snapshot.segments')
    .option('--as <kind>', 'incremental or initial: how rows are marked in source.snapshot', 'incremental')
    .option('--dry-run', 'only tell what it would take: items, read capacity, time, money')
    .option('--usd-per-million <price>', 'for --dry-run: the price of a million read request units')
    .action(
      action((command) => {
        const flags = command.opts<StartFlags>()
        const start = startOf(flags)
        return flags.dryRun === true ? tellCost(command, context, flags) : ask(command, context, start)
      }),
    )
  for (const [kind, description] of [
    ['pause', 'let a snapshot rest: its shards go back to all workers'],
    ['resume', 'go on with a snapshot that was paused, parked or has failed'],
    ['stop', 'end a snapshot for good; what it has delivered stays'],
  ] as const) {
    snapshot
      .command(kind)
      .description(description)
      .argument('<config>', 'the pipeline file')
      .argument('<table>', 'the table')
      .action(action((command) => ask(command, context, { kind })))
  }
  snapshot
    .command('status')
    .description('show how far snapshots are')
    .argument('<config>', 'the pipeline file')
    .argument('[table]', 'only this table')
    .action(action((command) => status(command, context)))
}

function startOf({ filter, segments, as }: StartFlags): SnapshotAction {
  if (as !== 'incremental' && as !== 'initial') throw new TailraceError('USAGE', '--as must be incremental or initial')
  return {
    kind: 'start',
    snapshot: as,
    segments: segments === undefined ? undefined : segmentsOf(segments),
    filter: filter === undefined ? undefined : filterOf(filter),
  }
}

function segmentsOf(text: string): number {
  const segments = Number(text)
  if (/^\d+$/.test(text) && segments >= 1 && segments <= 1000) return segments
  throw new TailraceError('USAGE', '--segments must be a whole number from 1 to 1,000')
}

function filterOf(text: string): FilterExpression {
  const filter = parseFilterExpression(text)
  if ('expression' in filter) return filter
  throw new TailraceError('USAGE', `--filter, at character ${filter.at + 1}: ${filter.problem}`)
}

async function tellCost(command: Command, context: CommandContext, flags: StartFlags): Promise<CommandResult> {
  const config = await loadPipeline(command.args[0] ?? '', context)
  const usd = Number(flags.usdPerMillion ?? usualUsdPerMillion)
  if (!(usd >= 0)) throw new TailraceError('USAGE', '--usd-per-million must be a price such as 0.125')
  const { clock, rng, env, signal } = context
  await using owned = openSource(config.source, { clock, rng, env, giveUpOn: ['AWS_ACCESS_DENIED', 'AWS_CREDENTIALS'] })
  const table = command.args[1] ?? ''
  const size = await owned.source.tableSize(table, signal)
  const { streamArn } = await owned.source.describeTable(table, signal)
  const { shards } = await owned.source.listShards(streamArn, signal)
  const openShards = countOpen(shards)
  const estimate = estimateSnapshot(table, size, config.snapshot, { usdPerMillion: usd, openShards })
  writeResult(context, command, { json: estimate, text: renderEstimate(estimate) })
  return succeeded
}

function renderEstimate(estimate: SnapshotEstimate): string {
  const { table, items, bytes, units, unitsPerSecond, ms, usd, changesPerSecond, isOverCapacity } = estimate
  const count = (value: number): string => value.toLocaleString('en-US')
  const rate = unitsPerSecond === null ? '' : ` at ${count(Math.round(unitsPerSecond))} a second`
  return renderPairs([
    ['table', table],
    ['items', `≈ ${count(items)}, ${count(Math.round(bytes / 2 ** 20))} MiB`],
    ['read capacity', `≈ ${count(units)} units${rate}`],
    ['time', ms === null ? 'as fast as the table and the brokers let it' : `≈ ${durationText(ms)}`],
    [
      'changes',
      `up to ${count(changesPerSecond)} a second meanwhile${isOverCapacity ? ': more than one process writes; consider snapshot.source: export' : ''}`,
    ],
    ['money', usd === 0 ? 'none besides the provisioned capacity' : `≈ ${usd.toFixed(2)} US dollars`],
  ])
}

async function ask(command: Command, context: CommandContext, action: SnapshotAction): Promise<CommandResult> {
  const config = await loadPipeline(command.args[0] ?? '', context)
  await using kafka = openKafka(config, context)
  const ledger = await readPipelineLedger(config, kafka, context.signal)
  const { table } = tableNamed(ledger, command.args[1] ?? '')
  if (table.isStream === true)
    throw new TailraceError('USAGE', `${table.name} is a Kinesis stream: snapshots are made of tables`)
  const members = await kafka.groupMembers(config.groupId, context.signal)
  const request: RequestEntry = {
    kind: 'request',
    id: randomUUID(),
    tableArn: table.arn,
    action,
    atMs: context.clock.now(),
  }
  const { clock, rng, signal } = context
  await writeRequest({ config, kafka, clock, rng }, request, signal)
  if (members === 0) {
    const text = `no worker of the pipeline runs; the first one that does will ${action.kind} the snapshot of ${table.name}`
    writeResult(context, command, { json: { table: table.name, action: action.kind, settled: false }, text })
    return succeeded
  }
  const settled = await untilSettled({ config, kafka, context }, request)
  const refusal = settled?.settled?.refusal ?? null
  const state = settled?.snapshot?.state ?? null
  writeResult(context, command, {
    json: { table: table.name, action: action.kind, settled: settled !== undefined, refusal, state },
    text: textOf(table.name, action.kind, settled),
  })
  return settled !== undefined && refusal === null ? succeeded : foundWrong
}

const settleMs = 30_000
const lookMs = 250

/** The table's entry once a coordinator has answered; undefined if none did in time. */
async function untilSettled(
  {
    config,
    kafka,
    context,
  }: { readonly config: PipelineConfig; readonly kafka: KafkaApi; readonly context: CommandContext },
  { id, tableArn }: RequestEntry,
): Promise<TableEntry | undefined> {
  const { clock, signal } = context
  for (const deadline = clock.monotonic() + settleMs; clock.monotonic() < deadline; await clock.sleep(lookMs, signal)) {
    const { tables } = await readPipelineLedger(config, kafka, signal)
    const entry = tables.find(({ table }) => table.arn === tableArn)
    if (entry?.settled?.request === id) return entry
  }
  return undefined
}

function textOf(table: string, action: SnapshotAction['kind'], entry: TableEntry | undefined): string {
  if (entry === undefined)
    return `nobody has answered within ${settleMs / 1000} s; the request stands, see tailrace snapshot status`
  const { settled, snapshot } = entry
  if (settled?.refusal !== undefined) return `refused to ${action} the snapshot of ${table}: ${settled.refusal}`
  return `the snapshot of ${table} is ${snapshot?.state ?? 'none'}`
}

async function status(command: Command, context: CommandContext): Promise<CommandResult> {
  const config = await loadPipeline(command.args[0] ?? '', context)
  await using kafka = openKafka(config, context)
  const ledger = await readPipelineLedger(config, kafka, context.signal)
  const name = command.args[1]
  const tables = name === undefined ? ledger.tables : [tableNamed(ledger, name)]
  const snapshots = tables.map((entry) => snapshotStatusOf(ledger, entry, context.clock.now()))
  writeResult(context, command, { json: { snapshots }, text: render(snapshots) })
  return succeeded
}

function render(rows: readonly SnapshotStatusRow[]): string {
  const columns = ['TABLE', 'SNAPSHOT', 'KIND', 'SEGMENTS', 'ITEMS', 'ROWS', 'UNITS', 'LEFT', 'REASON'].map(
    (title) => ({
      title,
      isNumeric: ['ITEMS', 'ROWS', 'UNITS', 'LEFT'].includes(title),
    }),
  )
  return renderTable(
    columns,
    rows.map((row) => [
      row.table,
      row.state ?? 'none',
      row.kind ?? '',
      row.segments === null ? '' : `${row.segmentsDone ?? 0}/${row.segments}`,
      itemsOf(row),
      row.rows === null ? '' : String(row.rows),
      row.units === null ? '' : String(Math.round(row.units)),
      row.leftMs === null ? '' : `≈ ${durationText(row.leftMs)}`,
      row.reason ?? '',
    ]),
  )
}

function itemsOf({ items, expectedItems, state }: SnapshotStatusRow): string {
  if (items === null) return ''
  return state === 'completed' || expectedItems === null || expectedItems === 0
    ? String(items)
    : `${items} of ≈ ${expectedItems}`
}
