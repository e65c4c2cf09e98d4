import { resolve } from 'node:path'
import type { Command } from 'commander'
import { Option } from 'commander'
import { stringify } from 'yaml'
import { migrationSources } from '../../../config/migrate/differences.ts'
import type { MigrationSource } from '../../../config/migrate/differences.ts'
import { leaseTablePrefix } from '../../../config/migrate/lease-tables.ts'
import { loadStates } from '../../../config/migrate/load-states.ts'
import { migrate } from '../../../config/migrate/migrate.ts'
import type { Migration } from '../../../config/migrate/migrate.ts'
import { TailraceError } from '../../../errors.ts'
import { readPipelineText } from '../../config-file.ts'
import { counted } from '../../counted.ts'
import { openSource } from '../../source-of.ts'
import { foundWrong, succeeded } from '../command-context.ts'
import type { CommandContext, CommandResult } from '../command-context.ts'
import { isJson, writeResult } from '../command-host.ts'
import type { CommandHost } from '../command-host.ts'
import { confirm } from '../confirm.ts'
import { loadPipeline } from '../load-pipeline.ts'
import { openKafka } from '../open-kafka.ts'
import { leaseMeaning, leasesJson, renderLeases } from '../render-leases.ts'
import { carryOutLeases, planLeases } from '../take-over-leases.ts'

interface Flags {
  readonly from: MigrationSource
  readonly leases?: boolean
  readonly into?: string
  readonly offsets?: string
  readonly yes?: boolean
}

/**
 * `tailrace migrate --from <product> <file>`: the file of another product as a pipeline file, with what differs and what is
 * left to be said as comments. Asks nobody and resolves nothing. With `--leases` it writes nothing of that kind, but takes the
 * positions of the old connector over into the ledger of the pipeline.
 */
export function registerMigrate(program: Command, { context, action }: CommandHost): void {
  program
    .command('migrate')
    .description("print another product's configuration as a pipeline file, and what differs")
    .argument('<file>', 'its configuration')
    .addOption(
      new Option('--from <product>', 'whose configuration it is')
        .choices(Object.keys(migrationSources))
        .makeOptionMandatory(),
    )
    .option('--leases', 'take over how far its leases say that each shard was read; it must have stopped')
    .option('--into <config>', 'with --leases: the pipeline file (default: the file itself)')
    .option(
      '--worker <file>',
      "with --leases: a Connect worker's properties, where the file does not say how Kafka is reached",
    )
    .option(
      '--offsets <file>',
      "with --leases, of Trustpilot's: what Connect answers to GET /connectors/<name>/offsets, which says whether a table was loaded to its end",
    )
    .option('--yes', 'with --leases: do not ask')
    .action(
      action((command) => {
        const { from, leases, into, yes, offsets } = command.opts<Flags>()
        if (leases === true) return takeLeases(command, context)
        if (into !== undefined || yes === true || offsets !== undefined || context.workerFile !== undefined)
          throw new TailraceError('USAGE', '--into, --offsets, --worker and --yes belong to --leases')
        const path = resolve(context.cwd, command.args[0] ?? '')
        const migration = migrate({ text: readPipelineText(path), path }, from)
        writeResult(context, command, { json: migration, text: migrationText(migration) })
        return migration.open.length === 0 ? succeeded : foundWrong
      }),
    )
}

async function takeLeases(command: Command, context: CommandContext): Promise<CommandResult> {
  const { from, into, yes } = command.opts<Flags>()
  const [file = ''] = command.args
  const path = resolve(context.cwd, file)
  const old = { text: readPipelineText(path), path }
  // Refuses the file of another product, whose leases would have other names.
  migrate(old, from)
  const prefix = leaseTablePrefix(old, from)
  const loads = loadsOf(command.opts<Flags>(), context)
  const config = await loadPipeline(into ?? file, context)
  const { clock, rng, env } = context
  await using kafka = openKafka(config, context)
  await using owned = openSource(config.source, { clock, rng, env, giveUpOn })
  const parts = { config, kafka, source: owned.source, context, prefix, loads }
  if (!isJson(command)) context.stderr.write('looking whether the old connector still renews its leases …\n')
  const plan = await planLeases(parts)
  const meaning = leaseMeaning(plan)
  const text = renderLeases(plan)
  if (!isJson(command)) context.stderr.write(`${text}${meaning.join('\n')}\n`)
  if (!(await confirm(context, { text: 'Take them over?', expected: 'yes', isGiven: yes === true }))) {
    context.stderr.write('nothing was changed\n')
    return foundWrong
  }
  await carryOutLeases(parts, plan)
  const shards = plan.tables.reduce((sum, table) => sum + table.shards.length, 0)
  const done = `pipeline ${config.pipeline} goes on where the old connector has stopped: ${counted(shards, 'shard')} of ${counted(plan.tables.length, 'table')}\n`
  writeResult(context, command, { json: { pipeline: config.pipeline, meaning, ...leasesJson(plan) }, text: done })
  return succeeded
}

function loadsOf({ from, offsets }: Flags, { cwd }: CommandContext): ReadonlyMap<string, string> | undefined {
  if (offsets === undefined) return undefined
  if (from !== 'trustpilot') throw new TailraceError('USAGE', `the offsets of ${from} do not say what was loaded`)
  const path = resolve(cwd, offsets)
  return loadStates({ text: readPipelineText(path), path })
}

/** What nobody but a person can mend. */
const giveUpOn = ['AWS_ACCESS_DENIED', 'AWS_CREDENTIALS', 'AWS_UNREACHABLE'] as const

function migrationText({ properties, differences, notes, open }: Migration): string {
  const comments = [
    ...section('What differs:', differences),
    ...section('Of this file:', notes),
    ...section('STILL TO BE DONE before it can run:', open),
  ]
  const text = comments.map((line) => `# ${line}`.trimEnd()).join('\n')
  return `${text}\n\n${stringify(properties, { lineWidth: 0 })}`
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [title, ...lines.map((line) => `- ${line}`)]
}
