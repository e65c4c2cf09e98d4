import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Command } from 'commander'
import { TailraceError } from '../../../errors.ts'
import { counted } from '../../counted.ts'
import { packageFunction } from '../../lambda/package/package-function.ts'
import { readPipelineFiles } from '../../lambda/package/pipeline-files.ts'
import type { PipelineFiles } from '../../lambda/package/pipeline-files.ts'
import { succeeded } from '../command-context.ts'
import type { CommandContext, CommandResult } from '../command-context.ts'
import { writeResult } from '../command-host.ts'
import type { CommandHost } from '../command-host.ts'
import { registerLambdaTemplate } from './lambda-template.ts'

interface PackageFlags {
  readonly config: string
  readonly out: string
  readonly include?: readonly string[]
  readonly force?: boolean
}

/** `tailrace lambda package|template`: a pipeline as a function of AWS Lambda. Asks neither AWS nor Kafka. */
export function registerLambda(program: Command, host: CommandHost): void {
  const { context, action } = host
  const lambda = program.command('lambda').description('run a pipeline as a function of AWS Lambda')
  lambda
    .command('package')
    .description('make a ZIP of the function: its code, the pipeline file and the files that it names')
    .option('--config <file>', 'the pipeline file', 'pipeline.yaml')
    .option('--out <file>', 'where to write it', 'function.zip')
    .option(
      '--include <paths...>',
      'further files and folders beside the pipeline file, such as what transforms import',
    )
    .option('--force', 'overwrite an older ZIP')
    .action(action((command) => pack(command, context)))
  registerLambdaTemplate(lambda, host)
}

async function pack(command: Command, context: CommandContext): Promise<CommandResult> {
  const { config, out, include = [], force = false } = command.opts<PackageFlags>()
  const target = path.resolve(context.cwd, out)
  refuseExisting(target, force)
  const pipeline = readPipelineFiles({ path: path.resolve(context.cwd, config), env: context.env, include })
  const { zip, unzippedBytes, sha256, sha256Base64, names } = await packageFunction(pipeline, context.clock)
  writeWhole(target, zip)
  const { variables } = pipeline
  const notes = [...pipeline.config.notes, ...variableNotes(pipeline)]
  writeResult(context, command, {
    json: {
      file: out,
      bytes: zip.length,
      unzippedBytes,
      sha256,
      codeSha256: sha256Base64,
      handler: 'index.handler',
      files: names,
      variables,
      notes,
    },
    text: [
      `wrote ${out}: ${megabytes(zip.length)} (${counted(names.length, 'file')}, ${megabytes(unzippedBytes)} unpacked), handler index.handler`,
      `sha256 ${sha256}`,
      ...notes.map((note) => `note: ${note}`),
    ].join('\n'),
  })
  return succeeded
}

/** What is in a function's environment can be read by everybody who may look at the function. */
function variableNotes({ variables, secretVariables }: PipelineFiles): readonly string[] {
  const needed = `the function needs these environment variables: ${variables.join(', ')}`
  const plain = `${secretVariables.join(', ')}: a function's environment is no place for secrets; \${secretsmanager:…} and \${ssm:…} keep them`
  return [...(variables.length === 0 ? [] : [needed]), ...(secretVariables.length === 0 ? [] : [plain])]
}

function refuseExisting(target: string, force: boolean): void {
  if (force || !existsSync(target)) return
  const message = `${target} exists and is not overwritten; --force does it`
  throw new TailraceError('FILE_EXISTS', message, { details: { file: target } })
}

/** Under another name first: a ZIP under its own name is whole, whatever happens. */
function writeWhole(target: string, content: Uint8Array): void {
  const partial = `${target}.partial`
  try {
    writeFileSync(partial, content, { mode: 0o644 })
    renameSync(partial, target)
  } catch (error) {
    rmSync(partial, { force: true })
    throw new TailraceError('FILE_UNWRITABLE', `${target} cannot be written`, {
      cause: error,
      details: { file: target },
    })
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(2)} MB`
}
