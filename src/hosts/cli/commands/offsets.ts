import type { Command } from 'commander'
import { Option } from 'commander'
import { compareSequenceNumbers, isSequenceNumber } from '../../../change/sequence-number.ts'
import { retentionOf } from '../../../change/retention.ts'
import type { Table } from '../../../change/table.ts'
import type { PipelineConfig } from '../../../config/pipeline-config.ts'
import { TailraceError } from '../../../errors.ts'
import type { TableEntry } from '../../../lanes/ledger-entry.ts'
import type { LaneState } from '../../../lanes/lane-state.ts'
import { shardsOfLedger } from '../../../lanes/ledger-shards.ts'
import { moveShard, resetTable } from '../../../lanes/offset-change.ts'
import type { OffsetChange, ShardChange } from '../../../lanes/offset-change.ts'
import { counted } from '../../counted.ts'
import { openSource } from '../../source-of.ts'
import { foundWrong, succeeded } from '../command-context.ts'
import type { CommandContext, CommandResult } from '../command-context.ts'
import { isJson, writeResult } from '../command-host.ts'
import type { CommandHost } from '../command-host.ts'
import { confirm } from '../confirm.ts'
import { loadPipeline } from '../load-pipeline.ts'
import { openKafka } from '../open-kafka.ts'
import { readPipelineLedger, tableNamed } from '../../ledger/pipeline-ledger.ts'
import type { PipelineLedger } from '../../ledger/pipeline-ledger.ts'
import { renderTable } from '../render.ts'
import { changeLedger, requireStandstill } from '../../ledger/standing-pipeline.ts'

interface ChangeFlags {
  readonly table: string
  readonly shard?: string
  readonly after?: string
  readonly yes?: boolean
}

/** `tailrace offsets show|set|reset <config>`: positions of shards. Changing them needs the pipeline to stand still. */
export function registerOffsets(program: Command, { context, action }: CommandHost): void {
  const offsets = program.command('offsets').description('show or change how far each shard was delivered')
  offsets
    .command('show')
    .description('show the position of each shard')
    .argument('<config>', 'the pipeline file')
    .option('--table <name>', 'only this table')
    .action(action((command) => show(command, context)))
  offsets
    .command('set')
    .description('move one shard: what lies behind the position is delivered (again), what lies before is not')
    .argument('<config>', 'the pipeline file')
    .requiredOption('--table <name>', 'the table')
    .requiredOption('--shard <id>', 'the shard')
    .requiredOption('--after <sequence number>', 'the last change that counts as delivered')
    .option('--yes', 'do not ask')
    .action(action((command) => change(command, context)))
  offsets
    .command('reset')
    .description('deliver again what the source still has; also ends the standstill of a stopped table')
    .argument('<config>', 'the pipeline file')
    .requiredOption('--table <name>', 'the table')
    .option('--shard <id>', 'only this shard (and what descends from it)')
    .addOption(new Option('--to <position>', 'where to').choices(['trim-horizon']).default('trim-horizon'))
    .option('--yes', 'do not ask')
    .action(action((command) => change(command, context)))
}

async function show(command: Command, context: CommandContext): Promise<CommandResult> {
  const config = await loadPipeline(command.args[0] ?? '', context)
  await using kafka = openKafka(config, context)
  const ledger = await readPipelineLedger(config, kafka, context.signal)
  const { table } = command.opts<{ table?: string }>()
  const tables = table === undefined ? ledger.tables : [tableNamed(ledger, table)]
  const shards = tables.flatMap((entry) => positionsOf(ledger, entry))
  const rows = shards.map((one) => [
    one.table,
    one.shard,
    String(one.lane),
    one.status,
    String(one.generation),
    one.after ?? '(trim horizon)',
  ])
  const columns = ['TABLE', 'SHARD', 'LANE', 'STATE', 'GENERATION', 'DELIVERED UP TO'].map((title) => ({ title }))
  writeResult(context, command, { json: { shards }, text: renderTable(columns, rows) })
  return succeeded
}

function positionsOf(ledger: PipelineLedger, { table }: TableEntry): readonly ShardPositionRow[] {
  return [...shardsOfLedger(ledger.lanes).values()]
    .filter(({ shard }) => shard.tableArn === table.arn)
    .toSorted((a, b) => (a.shard.shardId < b.shard.shardId ? -1 : 1))
    .map(({ lane, shard }) => ({
      table: table.name,
      streamArn: shard.streamArn,
      shard: shard.shardId,
      lane,
      status: shard.status,
      generation: shard.generation,
      after: shard.after ?? null,
      createdAtMs: shard.createdAtMs ?? null,
      committedAtMs: shard.at?.committedAtMs ?? null,
    }))
}

interface ShardPositionRow {
  readonly table: string
  readonly streamArn: string
  readonly shard: string
  readonly lane: number
  readonly status: string
  readonly generation: number
  readonly after: string | null
  readonly createdAtMs: number | null
  readonly committedAtMs: number | null
}

async function change(command: Command, context: CommandContext): Promise<CommandResult> {
  const flags = command.opts<ChangeFlags>()
  if (flags.after !== undefined && !isSequenceNumber(flags.after)) {
    throw new TailraceError('USAGE', '--after must be a sequence number')
  }
  const config = await loadPipeline(command.args[0] ?? '', context)
  await using kafka = openKafka(config, context)
  const ledger = await readPipelineLedger(config, kafka, context.signal)
  const named = tableNamed(ledger, flags.table)
  await requireStandstill(config, kafka, context.signal)
  const present = await presentTable(named, flags, config, context)
  const decide = (lanes: readonly LaneState[]): OffsetChange => {
    const table = lanes[0]?.tables.get(named.table.arn) ?? named
    return flags.shard === undefined
      ? resetTable(lanes, table, { present, nowMs: context.clock.now() })
      : moveShard(lanes, { table, shardId: flags.shard, after: flags.after, nowMs: context.clock.now() })
  }
  const plan = decide(ledger.lanes)
  const meaning = meaningOf(plan, flags, { known: named.table, present })
  if (!isJson(command)) context.stderr.write(`${meaning.join('\n')}\n`)
  if (!(await confirm(context, { text: 'Change it?', expected: 'yes', isGiven: flags.yes === true }))) {
    context.stderr.write('nothing was changed\n')
    return foundWrong
  }
  const done = await changeLedger({ config, kafka, context, lanes: ledger.lanes.length }, decide)
  const shards = done.shards.map(changeJson)
  const text = `${renderChanges(done.shards)}changed ${counted(done.shards.length, 'shard')} of ${named.table.isStream === true ? 'stream' : 'table'} ${named.table.name}\n`
  writeResult(context, command, { json: { table: named.table.name, meaning, shards }, text })
  return succeeded
}

/** Where the table was replaced, reading begins in what is there now, and only the source can tell what that is. */
async function presentTable(
  { table, status }: TableEntry,
  { shard }: ChangeFlags,
  config: PipelineConfig,
  context: CommandContext,
): Promise<Table | undefined> {
  const isReplaced = status.kind === 'draining' || (status.kind === 'stopped' && status.code === 'SOURCE_REPLACED')
  if (!isReplaced) return undefined
  if (shard !== undefined) {
    throw new TailraceError('USAGE', `the stream of ${table.name} was replaced: reset the whole table, without --shard`)
  }
  const { clock, rng, env } = context
  await using owned = openSource(config.source, {
    clock,
    rng,
    env,
    giveUpOn: ['AWS_ACCESS_DENIED', 'AWS_CREDENTIALS', 'AWS_UNREACHABLE', 'STREAM_NOT_ACTIVE'],
  })
  return await owned.source.describeTable(table.arn, context.signal)
}

/** What happens to the changes, in words. */
function meaningOf(
  plan: OffsetChange,
  flags: ChangeFlags,
  { known, present }: { readonly known: Table; readonly present: Table | undefined },
): readonly string[] {
  const what = known.isStream === true ? 'stream' : 'table'
  if (present !== undefined) {
    return [
      known.isStream === true
        ? `Stream ${flags.table} was made anew, and is read on as ${present.streamArn}.`
        : `Table ${flags.table} is read on in its new stream ${present.streamArn}.`,
      'What was not read of the old stream is given up; changes between the two streams are in neither.',
    ]
  }
  const [first] = plan.shards
  if (flags.shard === undefined) {
    return [
      `All that ${keeperOf(known)} still has of ${what} ${flags.table} (up to ${retentionOf(known) / 3_600_000} hours) is delivered again: records will be repeated.`,
      'Changes that were trimmed before they were read stay lost.',
    ]
  }
  const descendants = plan.shards.length - 1
  return [
    ...(first === undefined ? [] : [meaningOfMove(first, keeperOf(known))]),
    ...(descendants > 0
      ? [`${counted(descendants, 'shard')} descending from it: delivered again behind it, in full.`]
      : []),
  ]
}

function keeperOf({ isStream }: Table): string {
  return isStream === true ? 'Kinesis' : 'DynamoDB'
}

function meaningOfMove({ shardId, was, becomes }: ShardChange, keeper: string): string {
  const to = becomes.kind === 'moved' ? becomes.after : undefined
  const shard = `Shard ${shardId}`
  if (to === undefined)
    return `${shard}: all that ${keeper} still has of it is delivered again: records will be repeated.`
  const order = was.after === undefined ? 1 : compareSequenceNumbers(to, was.after)
  if (order < 0) return `${shard}: changes behind ${to} up to ${was.after ?? ''} will be repeated.`
  if (order === 0) return `${shard}: it stands there already; nothing is repeated or skipped.`
  return `${shard}: changes behind ${was.after ?? 'the trim horizon'} up to ${to} will be skipped: they are lost downstream.`
}

function changeJson({ shardId, streamArn, was, becomes }: ShardChange): Readonly<Record<string, unknown>> {
  const after = becomes.kind === 'moved' ? (becomes.after ?? null) : null
  return {
    shard: shardId,
    streamArn,
    was: { status: was.status, after: was.after ?? null },
    becomes: becomes.kind,
    after,
  }
}

function renderChanges(shards: readonly ShardChange[]): string {
  if (shards.length === 0) return ''
  const columns = [{ title: 'SHARD' }, { title: 'WAS' }, { title: 'BECOMES' }]
  return renderTable(
    columns,
    shards.map(({ shardId, was, becomes }) => [
      shardId,
      `${was.status} at ${was.after ?? '(trim horizon)'}`,
      becomes.kind === 'forgotten'
        ? 'forgotten (begun again in order)'
        : `open at ${becomes.after ?? '(trim horizon)'}`,
    ]),
  )
}
