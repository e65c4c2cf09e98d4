import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { Option } from 'commander'
import { isSequenceNumber } from '../../../change/sequence-number.ts'
import type { Table } from '../../../change/table.ts'
import type { PipelineConfig } from '../../../config/pipeline-config.ts'
import { TailraceError } from '../../../errors.ts'
import type { KafkaApi } from '../../../kafka/kafka.ts'
import type { TableEntry } from '../../../lanes/ledger-entry.ts'
import { shardsOfLedger } from '../../../lanes/ledger-shards.ts'
import type { ShardChange } from '../../../lanes/offset-change.ts'
import { counted } from '../../counted.ts'
import type { LedgerAccess } from '../../ledger/ledger-access.ts'
import { readPipelineLedger, tableNamed } from '../../ledger/pipeline-ledger.ts'
import type { PipelineLedger } from '../../ledger/pipeline-ledger.ts'
import { requireStandstill } from '../../ledger/standing-pipeline.ts'
import { offsetsOfLedger } from '../../offsets/offset-json.ts'
import type { OffsetJson } from '../../offsets/offset-json.ts'
import { prepareAlteration, prepareReset, prepareTableReset } from '../../offsets/pipeline-offsets.ts'
import type { PreparedChange } from '../../offsets/pipeline-offsets.ts'
import { createPositionSight } from '../../offsets/position-sight.ts'
import { openSource } from '../../source-of.ts'
import { foundWrong, succeeded } from '../command-context.ts'
import type { CommandContext, CommandResult } from '../command-context.ts'
import { isJson, writeResult } from '../command-host.ts'
import type { CommandHost } from '../command-host.ts'
import { confirm } from '../confirm.ts'
import { loadPipeline } from '../load-pipeline.ts'
import { meaningOf, meaningOfMove } from '../offset-meaning.ts'
import { openKafka } from '../open-kafka.ts'
import { renderTable } from '../render.ts'

interface ChangeFlags {
  readonly table?: string
  readonly all?: boolean
  readonly shard?: string
  readonly after?: string
  readonly yes?: boolean
  readonly unchecked?: boolean
  readonly acceptLoss?: boolean
}

/** `tailrace offsets show|set|alter|reset <config>`: positions of shards. Changing them needs the pipeline to stand still. */
export function registerOffsets(program: Command, { context, action }: CommandHost): void {
  const offsets = program.command('offsets').description('show or change how far each shard was delivered')
  offsets
    .command('show')
    .description('show the position of each shard')
    .argument('<config>', 'the pipeline file')
    .option('--table <name>', 'only this table')
    .option('--connect', "in the form of Connect's offsets, as `offsets alter` takes them")
    .action(action((command) => show(command, context)))
  offsets
    .command('set')
    .description('move one shard: what lies behind the position is delivered (again), what lies before is not')
    .argument('<config>', 'the pipeline file')
    .requiredOption('--table <name>', 'the table')
    .requiredOption('--shard <id>', 'the shard')
    .requiredOption('--after <sequence number>', 'the last change that counts as delivered')
    .option('--accept-loss', 'also a position whose following changes were trimmed')
    .option('--unchecked', 'do not ask the source whether the position is there')
    .option('--yes', 'do not ask')
    .action(action((command) => change(command, context)))
  offsets
    .command('alter')
    .description("set many positions at once, given in the form of Connect's offsets; null forgets a shard")
    .argument('<config>', 'the pipeline file')
    .argument('<file>', 'JSON: {"offsets": [{"partition": {…}, "offset": {…}}]}')
    .option('--accept-loss', 'also positions whose following changes were trimmed')
    .option('--unchecked', 'do not ask the source whether the positions are there')
    .option('--yes', 'do not ask')
    .action(action((command) => alter(command, context)))
  offsets
    .command('reset')
    .description('deliver again what the source still has; also ends the standstill of a stopped table')
    .argument('<config>', 'the pipeline file')
    .option('--table <name>', 'the table')
    .option('--all', 'forget every table: the next start is as the first one')
    .option('--shard <id>', 'only this shard (and what descends from it)')
    .addOption(new Option('--to <position>', 'where to').choices(['trim-horizon']).default('trim-horizon'))
    .option('--yes', 'do not ask')
    .action(action((command) => change(command, context)))
}

async function show(command: Command, context: CommandContext): Promise<CommandResult> {
  const config = await loadPipeline(command.args[0] ?? '', context)
  await using kafka = openKafka(config, context)
  const ledger = await readPipelineLedger(config, kafka, context.signal)
  const { table, connect } = command.opts<{ table?: string; connect?: boolean }>()
  if (connect === true) {
    const only = table === undefined ? undefined : tableNamed(ledger, table).table.name
    const all = offsetsOfLedger(ledger).filter(({ partition }) => only === undefined || partition['table'] === only)
    writeResult(context, command, { json: { offsets: all }, text: JSON.stringify({ offsets: all }, undefined, 2) })
    return succeeded
  }
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
  if ((flags.table === undefined) !== (flags.all === true) || (flags.all === true && flags.shard !== undefined)) {
    throw new TailraceError('USAGE', 'either --table, or --all without --shard')
  }
  const config = await loadPipeline(command.args[0] ?? '', context)
  await using kafka = openKafka(config, context)
  const access = accessOf(config, kafka, context)
  if (flags.table === undefined) return await resetAll(command, context, access)
  const ledger = await readPipelineLedger(config, kafka, context.signal)
  const named = tableNamed(ledger, flags.table)
  await requireStandstill(config, kafka, context.signal)
  const present = await presentTable(named, flags, config, context)
  const prepared = await prepareChange(access, { flags, named, present }, context)
  const meaning = meaningOf(prepared.shards, { ...flags, table: flags.table }, { known: named.table, present })
  if (!(await mayChange(command, context, meaning))) return foundWrong
  const shards = await prepared.apply(context.signal)
  const what = `${named.table.isStream === true ? 'stream' : 'table'} ${named.table.name}`
  const text = `${renderChanges(shards)}changed ${counted(shards.length, 'shard')} of ${what}\n`
  writeResult(context, command, { json: { table: named.table.name, meaning, shards: shards.map(changeJson) }, text })
  return succeeded
}

async function mayChange(command: Command, context: CommandContext, meaning: readonly string[]): Promise<boolean> {
  if (!isJson(command)) context.stderr.write(`${meaning.join('\n')}\n`)
  const isGiven = command.opts<ChangeFlags>().yes === true
  if (await confirm(context, { text: 'Change it?', expected: 'yes', isGiven })) return true
  context.stderr.write('nothing was changed\n')
  return false
}

function accessOf(config: PipelineConfig, kafka: KafkaApi, { clock, rng }: CommandContext): LedgerAccess {
  return { config, kafka, clock, rng }
}

async function prepareChange(
  access: LedgerAccess,
  parts: { readonly flags: ChangeFlags; readonly named: TableEntry; readonly present: Table | undefined },
  context: CommandContext,
): Promise<PreparedChange> {
  const { flags, named, present } = parts
  if (flags.shard === undefined) return prepareTableReset(access, { known: named, present }, context.signal)
  const { arn, streamArn } = named.table
  const partition = { table: arn, stream_arn: streamArn, shard_id: flags.shard }
  return prepareSeen(access, [{ partition, offset: { sequence_number: flags.after ?? null } }], { flags, context })
}

/** Asks the source whether the positions are there, unless told not to. */
async function prepareSeen(
  access: LedgerAccess,
  offsets: readonly OffsetJson[],
  { flags, context }: { readonly flags: ChangeFlags; readonly context: CommandContext },
): Promise<PreparedChange> {
  const { clock, rng, env, signal } = context
  const acceptsLoss = flags.acceptLoss === true
  if (flags.unchecked === true) return prepareAlteration(access, { offsets, acceptsLoss, sight: undefined }, signal)
  const { source } = access.config
  await using owned = openSource(source, { clock, rng, env, giveUpOn: unhelpful })
  const sight = createPositionSight(owned.source, clock)
  return await prepareAlteration(access, { offsets, acceptsLoss, sight }, signal)
}

async function resetAll(command: Command, context: CommandContext, access: LedgerAccess): Promise<CommandResult> {
  const prepared = await prepareReset(access, context.signal)
  const meaning = [
    `Every table, position and snapshot of pipeline ${access.config.pipeline} is forgotten: the next start is as the first one.`,
    'Whatever the start position and the snapshots of the configuration say is delivered again: records will be repeated.',
  ]
  if (!(await mayChange(command, context, meaning))) return foundWrong
  const shards = await prepared.apply(context.signal)
  const text = `forgot ${counted(shards.length, 'shard')}\n`
  writeResult(context, command, { json: { meaning, shards: shards.map(changeJson) }, text })
  return succeeded
}

async function alter(command: Command, context: CommandContext): Promise<CommandResult> {
  const flags = command.opts<ChangeFlags>()
  const config = await loadPipeline(command.args[0] ?? '', context)
  const offsets = readOffsetFile(command.args[1] ?? '', context)
  await using kafka = openKafka(config, context)
  const prepared = await prepareSeen(accessOf(config, kafka, context), offsets, { flags, context })
  const meaning = prepared.shards.map((change) =>
    change.becomes.kind === 'moved'
      ? meaningOfMove(change, 'the source')
      : `Shard ${change.shardId}: forgotten; it begins again behind its parents, where the configuration says.`,
  )
  const words = meaning.length === 0 ? ['Every shard stands there already.'] : meaning
  if (!(await mayChange(command, context, words))) return foundWrong
  const shards = await prepared.apply(context.signal)
  const text = `${renderChanges(shards)}changed ${counted(shards.length, 'shard')}\n`
  writeResult(context, command, { json: { meaning: words, shards: shards.map(changeJson) }, text })
  return succeeded
}

const unhelpful = ['AWS_ACCESS_DENIED', 'AWS_CREDENTIALS', 'AWS_UNREACHABLE', 'STREAM_NOT_ACTIVE'] as const

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
    giveUpOn: unhelpful,
  })
  return await owned.source.describeTable(table.arn, context.signal)
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

function readOffsetFile(path: string, { cwd }: CommandContext): readonly OffsetJson[] {
  let read: unknown
  try {
    read = JSON.parse(readFileSync(resolve(cwd, path), 'utf8'))
  } catch (cause) {
    throw new TailraceError('USAGE', `${path} cannot be read as JSON`, { cause })
  }
  const offsets: unknown = isObject(read) ? read['offsets'] : undefined
  if (!Array.isArray(offsets) || !offsets.every(isOffset))
    throw new TailraceError('USAGE', `${path} must hold {"offsets": [{"partition": {…}, "offset": {…} or null}]}`)
  return offsets
}

function isOffset(value: unknown): value is OffsetJson {
  return isObject(value) && isObject(value['partition']) && (value['offset'] === null || isObject(value['offset']))
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
