import type { Command } from 'commander'
import { configJsonSchema } from '../../../config/json-schema.ts'
import { referenceMarkdown } from '../../../config/reference-markdown.ts'
import { succeeded } from '../command-context.ts'
import { transformReferences, transformsMarkdown } from '../transforms-markdown.ts'
import { writeResult } from '../command-host.ts'
import type { CommandHost } from '../command-host.ts'

/** `tailrace config docs|schema`: the reference of all properties, for people and for editors. */
export function registerConfig(program: Command, { context, action }: CommandHost): void {
  const config = program.command('config').description('the reference of the pipeline file')
  config
    .command('docs')
    .description('print every property with type, default and meaning (Markdown)')
    .option('--transforms', 'those of transforms and predicates instead')
    .action(
      action((command) => {
        const { transforms } = command.opts<{ readonly transforms?: true }>()
        const markdown = transforms === true ? transformsMarkdown() : referenceMarkdown()
        writeResult(context, command, { json: { markdown }, text: markdown })
        return succeeded
      }),
    )
  config
    .command('schema')
    .description('print the JSON Schema of the pipeline file, for editors')
    .action(
      action(() => {
        context.stdout.write(`${JSON.stringify(configJsonSchema(transformReferences()), undefined, 2)}\n`)
        return succeeded
      }),
    )
}
