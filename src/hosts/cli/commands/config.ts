import type { Command } from 'commander'
import { connectMarkdown } from '../../../config/connect/connect-markdown.ts'
import { configJsonSchema } from '../../../config/json-schema.ts'
import { referenceMarkdown } from '../../../config/reference-markdown.ts'
import { serviceMarkdown } from '../../../config/service/service-markdown.ts'
import { succeeded } from '../command-context.ts'
import { metricsMarkdown } from '../metrics-markdown.ts'
import { transformReferences, transformsMarkdown } from '../transforms-markdown.ts'
import { writeResult } from '../command-host.ts'
import type { CommandHost } from '../command-host.ts'
import { loadPipeline } from '../load-pipeline.ts'
import { shownConfig, shownConfigText } from '../shown-config.ts'

/** `tailrace config docs|schema|show`: the reference of all properties, for people and for editors; what a file comes to. */
export function registerConfig(program: Command, { context, action }: CommandHost): void {
  const config = program.command('config').description('the reference of the pipeline file')
  config
    .command('docs')
    .description('print every property with type, default and meaning (Markdown)')
    .option('--transforms', 'those of transforms and predicates instead')
    .option('--connect', "those of Kafka Connect's connectors whose files run instead")
    .option('--metrics', 'every metric of /metrics instead')
    .option('--service', 'those of the file that `tailrace serve` takes instead')
    .action(
      action((command) => {
        const markdown = referenceOf(command.opts<ReferenceChoice>())
        writeResult(context, command, { json: { markdown }, text: markdown })
        return succeeded
      }),
    )
  config
    .command('show')
    .description("print what a file comes to: every property that is not at its default, a connector's as ours")
    .argument('<config>', 'the pipeline file')
    .action(
      action(async (command) => {
        const loaded = await loadPipeline(command.args[0] ?? '', context)
        const json = { properties: shownConfig(loaded), notes: loaded.notes }
        writeResult(context, command, { json, text: shownConfigText(loaded) })
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

interface ReferenceChoice {
  readonly transforms?: true
  readonly connect?: true
  readonly metrics?: true
  readonly service?: true
}

function referenceOf({ transforms, connect, metrics, service }: ReferenceChoice): string {
  if (service === true) return serviceMarkdown()
  if (transforms === true) return transformsMarkdown()
  if (connect === true) return connectMarkdown()
  return metrics === true ? metricsMarkdown() : referenceMarkdown()
}
