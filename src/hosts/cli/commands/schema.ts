import type { Command } from 'commander'
import type { Table } from '../../../change/table.ts'
import { TailraceError } from '../../../errors.ts'
import { avroSchema } from '../../../shapes/avro-schema.ts'
import { inferShape } from '../../../shapes/infer/infer-shape.ts'
import type { InferenceTarget } from '../../../shapes/infer/infer-shape.ts'
import { observeItems } from '../../../shapes/infer/observed.ts'
import type { ObservedMembers } from '../../../shapes/infer/observed.ts'
import { typescriptType } from '../../../shapes/infer/typescript-type.ts'
import { jsonSchema } from '../../../shapes/json-schema.ts'
import { protoFile } from '../../../shapes/proto/proto-file.ts'
import { openSource } from '../../source-of.ts'
import { succeeded } from '../command-context.ts'
import type { CommandContext, CommandResult } from '../command-context.ts'
import { writeResult } from '../command-host.ts'
import type { CommandHost } from '../command-host.ts'
import { loadPipeline } from '../load-pipeline.ts'
import { sampleTable } from '../table-sample.ts'

/** Each prints the schema of a sample: as an object where the language is JSON, else as text. */
const languages: Readonly<Record<string, (seen: ObservedMembers, target: InferenceTarget) => object | string>> = {
  avro: (seen, target) => avroSchema(inferShape(seen, target), adjusted),
  'json-schema': (seen, target) => jsonSchema(inferShape(seen, target)),
  protobuf: (seen, target) => protoFile(inferShape(seen, target), adjusted),
  typescript: typescriptType,
}

/** Where a name had to be changed the schema says so, and is read back with the one before. */
const adjusted = { fields: 'avro_unicode', schemas: 'avro_unicode' } as const

const mostItems = 100_000

interface InferFlags {
  readonly sample: string
  readonly format: string
  readonly name?: string
}

/** `tailrace schema infer`: looks at items of a table and prints a schema that they fit. */
export function registerSchema(program: Command, { context, action }: CommandHost): void {
  const schema = program.command('schema').description('schemas for the items of a table')
  schema
    .command('infer')
    .description('print a schema that fits a sample of the items')
    .argument('<config>', 'the pipeline file: region, credentials, names')
    .argument('<table>', 'the table')
    .option('--sample <n>', 'how many items to read, from all over the table', '1000')
    .option('--format <language>', Object.keys(languages).join(', '), 'avro')
    .option('--name <name>', 'the full name of the record; default: <topic.prefix>.<table>.Value')
    .action(action((command) => infer(command, context)))
}

async function infer(command: Command, context: CommandContext): Promise<CommandResult> {
  const { sample, format, name } = command.opts<InferFlags>()
  const size = sizeOf(sample)
  const print = Object.hasOwn(languages, format) ? languages[format] : undefined
  if (print === undefined) {
    throw new TailraceError('USAGE', `--format must be one of ${Object.keys(languages).join(', ')}`)
  }
  if (name !== undefined && !isName(name)) {
    throw new TailraceError('USAGE', '--name must be words with dots between them, such as shop.orders.Value')
  }
  const config = await loadPipeline(command.args[0] ?? '', context)
  const { clock, rng, env, signal } = context
  await using owned = openSource(config.source, { clock, rng, env, giveUpOn: ['AWS_ACCESS_DENIED', 'AWS_CREDENTIALS'] })
  const table = await owned.source.describeTable(command.args[1] ?? '', signal)
  const { items, units } = await sampleTable(owned.source, { table, size }, signal)
  if (items.length === 0) throw emptyTable(table)
  const keys = table.keySchema.map((attribute) => attribute.name)
  const target = { name: name ?? `${config.topic.prefix}.${table.name}.Value`, keys }
  const printed = print(observeItems(items), target)
  writeResult(context, command, {
    json: { table: table.name, items: items.length, units, format, name: target.name, schema: printed },
    text: typeof printed === 'string' ? printed : JSON.stringify(printed, undefined, 2),
  })
  return succeeded
}

function sizeOf(text: string): number {
  const size = Number(text)
  if (/^\d+$/.test(text) && size >= 1 && size <= mostItems) return size
  throw new TailraceError('USAGE', `--sample must be a whole number from 1 to ${mostItems.toLocaleString('en-US')}`)
}

function isName(name: string): boolean {
  return name.split('.').every((part) => part !== '') && !/\p{Cc}/u.test(name)
}

function emptyTable({ name }: Table): TailraceError {
  const message = `table ${name} holds no item that a schema could be inferred from`
  return new TailraceError('SCHEMA_SAMPLE', message, { details: { table: name } })
}
