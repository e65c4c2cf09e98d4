import type { Command } from 'commander'
import { TailraceError } from '../../../errors.ts'
import type { StoredLetter } from '../../../rejection/stored-letter.ts'
import { counted } from '../../counted.ts'
import { groupLetters, idOf, letterRow } from '../../dead-letters/letter-groups.ts'
import { createLetterLog } from '../../dead-letters/letter-log.ts'
import { shownLetter } from '../../dead-letters/shown-letter.ts'
import { succeeded } from '../command-context.ts'
import type { CommandContext, CommandResult } from '../command-context.ts'
import { writeResult } from '../command-host.ts'
import type { CommandHost } from '../command-host.ts'
import { loadPipeline } from '../load-pipeline.ts'
import { openKafka } from '../open-kafka.ts'
import { readPipelineLedger } from '../../ledger/pipeline-ledger.ts'
import { renderPairs, renderTable } from '../render.ts'
import { registerReplay } from './dlq-replay.ts'

interface ListFlags {
  readonly table?: string
  readonly code?: string
  readonly all?: boolean
  readonly each?: boolean
}

/** `tailrace dlq ls|show|replay <config>`: what became of records that could not pass. */
export function registerDlq(program: Command, host: CommandHost): void {
  const { context, action } = host
  const dlq = program.command('dlq').description('look at dead letters, and deliver them once their cause is mended')
  dlq
    .command('ls')
    .description('count the open dead letters by table, code and stage')
    .argument('<config>', 'the pipeline file')
    .option('--table <name>', 'only this table')
    .option('--code <code>', 'only this error code')
    .option('--each', 'one line for each letter')
    .option('--all', 'also those that were replayed')
    .action(action((command) => list(command, context)))
  dlq
    .command('show')
    .description('show one dead letter: its headers, and the record as the source gave it')
    .argument('<config>', 'the pipeline file')
    .argument('<id>', '<partition>/<offset>, as ls --each shows it')
    .option('--keys-only', 'of the record only the key attributes')
    .action(action((command) => show(command, context)))
  registerReplay(dlq, host)
}

async function list(command: Command, context: CommandContext): Promise<CommandResult> {
  const flags = command.opts<ListFlags>()
  const config = await loadPipeline(command.args[0] ?? '', context)
  await using kafka = openKafka(config, context)
  const { topic } = config.errors.deadLetters
  const found = await createLetterLog(kafka, { ...config, topic }).letters(context.signal)
  const letters = found.filter(
    ({ table, code, replayed }) =>
      (flags.table === undefined || table === flags.table) &&
      (flags.code === undefined || code === flags.code) &&
      (flags.all === true || replayed === undefined),
  )
  const open = letters.filter(({ replayed }) => replayed === undefined).length
  const groups = groupLetters(letters)
  const rows = letters.map(letterRow)
  const json = { topic, open, groups, ...(flags.each === true ? { letters: rows } : {}) }
  const table = flags.each === true ? renderEach(letters) : renderGroups(letters)
  const summary = `${counted(open, 'open dead letter')} in topic ${topic}\n`
  writeResult(context, command, { json, text: letters.length === 0 ? summary : `${table}${summary}` })
  return succeeded
}

function renderGroups(letters: readonly StoredLetter[]): string {
  const columns = ['TABLE', 'CODE', 'STAGE', 'LETTERS', 'FIRST', 'LAST'].map((title) => ({
    title,
    isNumeric: title === 'LETTERS',
  }))
  return renderTable(
    columns,
    groupLetters(letters).map((group) => [
      group.table,
      group.code,
      group.stage,
      String(group.letters),
      group.first ?? '',
      group.last ?? '',
    ]),
  )
}

function renderEach(letters: readonly StoredLetter[]): string {
  const columns = ['ID', 'TABLE', 'SHARD', 'SEQUENCE NUMBER', 'CODE', 'STAGE', 'WRITTEN', 'REPLAYED']
  return renderTable(
    columns.map((title) => ({ title })),
    letters
      .map(letterRow)
      .map((row) => [
        row.id,
        row.table,
        row.shard ?? '(row)',
        row.sequenceNumber ?? '',
        row.code,
        row.stage,
        row.at ?? '',
        row.replayed ?? '',
      ]),
  )
}

async function show(command: Command, context: CommandContext): Promise<CommandResult> {
  const { keysOnly } = command.opts<{ keysOnly?: boolean }>()
  const config = await loadPipeline(command.args[0] ?? '', context)
  const [, id = ''] = command.args
  await using kafka = openKafka(config, context)
  const log = createLetterLog(kafka, { ...config, topic: config.errors.deadLetters.topic })
  const letter = (await log.letters(context.signal)).find((one) => idOf(one) === id)
  const content = letter === undefined ? undefined : await log.content(letter, context.signal)
  if (letter === undefined || content === undefined) {
    throw new TailraceError(
      'USAGE',
      `there is no dead letter ${id} of this pipeline; tailrace dlq ls --each shows them`,
    )
  }
  const tables = keysOnly === true ? (await readPipelineLedger(config, kafka, context.signal)).tables : []
  const shown = shownLetter(letter, content, keysOnly === true ? { keysOf: tables.map(({ table }) => table) } : {})
  const text = `${renderPairs(Object.entries(shown.headers))}\n${shown.text}\n`
  writeResult(context, command, { json: { ...letterRow(letter), headers: shown.headers, record: shown.record }, text })
  return succeeded
}
