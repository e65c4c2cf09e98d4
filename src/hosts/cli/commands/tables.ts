import type { Command } from 'commander'
import type { TableTarget } from '../../../lanes/ledger-entry.ts'
import { readPipelineLedger } from '../../ledger/pipeline-ledger.ts'
import { controlledTable, restartTable, setTableTarget } from '../../ledger/table-control.ts'
import type { TableAnswer } from '../../ledger/table-control.ts'
import { tableStateOf, tableStatesOf } from '../../ledger/table-state.ts'
import type { TableStateRow } from '../../ledger/table-state.ts'
import { foundWrong, succeeded } from '../command-context.ts'
import type { CommandContext, CommandResult } from '../command-context.ts'
import { writeResult } from '../command-host.ts'
import type { CommandHost } from '../command-host.ts'
import { loadPipeline } from '../load-pipeline.ts'
import { openKafka } from '../open-kafka.ts'
import { moreSkippedLine, renderTable } from '../render.ts'

const settleMs = 30_000

/** `tailrace tables show|pause|resume|stop|restart <config> [table]`: asks the running pipeline, through its ledger. */
export function registerTables(program: Command, { context, action }: CommandHost): void {
  const tables = program.command('tables').description('let single tables rest, go on, or be tried again')
  tables
    .command('show')
    .description('show what is wanted of each table, and what it does')
    .argument('<config>', 'the pipeline file')
    .argument('[table]', 'only this table: a name or an ARN')
    .action(action((command) => show(command, context)))
  for (const [verb, target, description] of targets) {
    tables
      .command(verb)
      .description(description)
      .argument('<config>', 'the pipeline file')
      .argument('<table>', 'the table: a name or an ARN')
      .action(action((command) => ask(command, context, { verb, target })))
  }
  tables
    .command('restart')
    .description('try a table again that has failed, or whose snapshot has')
    .argument('<config>', 'the pipeline file')
    .argument('<table>', 'the table: a name or an ARN')
    .action(action((command) => ask(command, context, { verb: 'restart', target: undefined })))
}

const targets: readonly (readonly [verb: string, target: TableTarget, description: string])[] = [
  ['pause', 'PAUSED', 'read nothing of a table for now; its positions stay'],
  ['resume', 'RUNNING', 'go on with a table that was paused or stopped'],
  ['stop', 'STOPPED', 'as pause, and told apart from it'],
]

async function show(command: Command, context: CommandContext): Promise<CommandResult> {
  const config = await loadPipeline(command.args[0] ?? '', context)
  await using kafka = openKafka(config, context)
  const ledger = await readPipelineLedger(config, kafka, context.signal)
  const name = command.args[1]
  const nowMs = context.clock.now()
  const { rows, moreSkipped } =
    name === undefined
      ? tableStatesOf(ledger, nowMs)
      : { rows: [tableStateOf(ledger, controlledTable(ledger, name), nowMs)], moreSkipped: 0 }
  const columns = ['TABLE', 'TARGET', 'STATE', 'REASON'].map((title) => ({ title }))
  const text = [renderTable(columns, rows.map(cellsOf)), ...moreSkippedLine(moreSkipped)].join('')
  writeResult(context, command, { json: { tables: rows, moreSkipped }, text })
  return succeeded
}

function cellsOf({ table, target, state, reason }: TableStateRow): readonly string[] {
  return [table, target, state, reason ?? '']
}

async function ask(
  command: Command,
  context: CommandContext,
  { verb, target }: { readonly verb: string; readonly target: TableTarget | undefined },
): Promise<CommandResult> {
  const config = await loadPipeline(command.args[0] ?? '', context)
  await using kafka = openKafka(config, context)
  const { clock, rng, signal } = context
  const access = { config, kafka, clock, rng }
  const request = { table: command.args[1] ?? '', waitMs: settleMs }
  const answer = await (target === undefined
    ? restartTable(access, request, signal)
    : setTableTarget(access, { ...request, target }, signal))
  const members = answer.outcome === 'pending' ? await kafka.groupMembers(config.groupId, signal) : 1
  const { table, outcome, refusal } = answer
  writeResult(context, command, {
    json: { table, action: verb, outcome, refusal: refusal ?? null, status: answer.entry.status.kind },
    text: textOf(verb, answer, members > 0),
  })
  return outcome === 'done' || (outcome === 'pending' && members === 0) ? succeeded : foundWrong
}

const doneWords: Readonly<Record<string, string>> = {
  pause: 'is paused',
  resume: 'goes on',
  stop: 'is stopped',
  restart: 'is tried again',
}

function textOf(verb: string, { table, outcome, refusal, entry }: TableAnswer, isRunning: boolean): string {
  if (outcome === 'refused') return `refused to ${verb} table ${table}: ${refusal ?? ''}`
  if (outcome === 'done') {
    const isRetired = verb === 'resume' && entry.status.kind === 'retired'
    return isRetired
      ? `table ${table} is retired, and goes on once it is meant again: ${entry.status.reason}`
      : `table ${table} ${doneWords[verb] ?? ''}`
  }
  return isRunning
    ? `nobody has answered within ${settleMs / 1000} s; the request stands, see tailrace tables show`
    : `no worker of the pipeline runs; the first one that does will ${verb} table ${table}`
}
