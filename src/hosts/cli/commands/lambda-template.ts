import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Command } from 'commander'
import { Option } from 'commander'
import { TailraceError } from '../../../errors.ts'
import { readPipelineFiles } from '../../lambda/package/pipeline-files.ts'
import { planFunction } from '../../lambda/template/plan-function.ts'
import { templateFormats, writeTemplate } from '../../lambda/template/write-template.ts'
import type { TemplateFormat } from '../../lambda/template/write-template.ts'
import { succeeded } from '../command-context.ts'
import type { CommandContext, CommandResult } from '../command-context.ts'
import { writeResult } from '../command-host.ts'
import type { CommandHost } from '../command-host.ts'

interface TemplateFlags {
  readonly config: string
  readonly format: TemplateFormat
  readonly package: string
  readonly out: string
  readonly force?: boolean
}

/** `tailrace lambda template`: the function, its mappings, rights and alarms, in a language that deploys them. */
export function registerLambdaTemplate(lambda: Command, { context, action }: CommandHost): void {
  lambda
    .command('template')
    .description('write a template for the function: mappings, rights and alarms, as exactly once needs them')
    .addOption(new Option('--format <language>', 'of what').choices(templateFormats).makeOptionMandatory())
    .option('--config <file>', 'the pipeline file', 'pipeline.yaml')
    .option('--package <file>', 'the ZIP of `lambda package`, as seen from the template', 'function.zip')
    .option('--out <folder>', 'where to write it', '.')
    .option('--force', 'overwrite older files')
    .action(action((command) => template(command, context)))
}

function template(command: Command, context: CommandContext): CommandResult {
  const { config, format, package: zip, out, force = false } = command.opts<TemplateFlags>()
  const pipeline = readPipelineFiles({ path: path.resolve(context.cwd, config), env: context.env, include: [] })
  const plan = planFunction({ ...pipeline, package: zip })
  const files = writeTemplate(plan, format)
  const folder = path.resolve(context.cwd, out)
  writeAll(folder, files, force)
  const names = [...files.keys()]
  const needed = plan.parameters.filter(({ defaultValue }) => defaultValue === undefined)
  writeResult(context, command, {
    json: { folder: out, files: names, format, function: plan.functionName, region: plan.region },
    text: [
      `wrote ${names.map((name) => path.join(out, name)).join(', ')}: function ${plan.functionName} in ${plan.region}, ${plan.delivery}`,
      ...(needed.length === 0 ? [] : [`to be given: ${needed.map(({ name }) => name).join(', ')}`]),
    ].join('\n'),
  })
  return succeeded
}

/** All, or none where one of them is there already. */
function writeAll(folder: string, files: ReadonlyMap<string, string>, force: boolean): void {
  const present = [...files.keys()].map((name) => path.join(folder, name)).find((file) => existsSync(file))
  if (present !== undefined && !force) {
    const message = `${present} exists and is not overwritten; --force does it`
    throw new TailraceError('FILE_EXISTS', message, { details: { file: present } })
  }
  try {
    mkdirSync(folder, { recursive: true })
    for (const [name, text] of files) writeFileSync(path.join(folder, name), text, { mode: 0o644 })
  } catch (error) {
    const details = { file: folder }
    throw new TailraceError('FILE_UNWRITABLE', `${folder} cannot be written`, { cause: error, details })
  }
}
