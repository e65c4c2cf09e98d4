import { resolve } from 'node:path'
import type { Command } from 'commander'
import { Option } from 'commander'
import { stringify } from 'yaml'
import { migrationSources } from '../../../config/migrate/differences.ts'
import type { MigrationSource } from '../../../config/migrate/differences.ts'
import { migrate } from '../../../config/migrate/migrate.ts'
import type { Migration } from '../../../config/migrate/migrate.ts'
import { readPipelineText } from '../../config-file.ts'
import { foundWrong, succeeded } from '../command-context.ts'
import { writeResult } from '../command-host.ts'
import type { CommandHost } from '../command-host.ts'

/**
 * `tailrace migrate --from <product> <file>`: the file of another product as a pipeline file, with what differs and what is
 * left to be said as comments. Asks nobody and resolves nothing.
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
    .action(
      action((command) => {
        const path = resolve(context.cwd, command.args[0] ?? '')
        const { from } = command.opts<{ readonly from: MigrationSource }>()
        const migration = migrate({ text: readPipelineText(path), path }, from)
        writeResult(context, command, { json: migration, text: migrationText(migration) })
        return migration.open.length === 0 ? succeeded : foundWrong
      }),
    )
}

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
