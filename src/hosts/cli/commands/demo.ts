import { Option } from 'commander'
import type { Command } from 'commander'
import { TailraceError } from '../../../errors.ts'
import { isExactlyOnce } from '../../demo/delivery-check.ts'
import { demoSources } from '../../demo/demo-servers.ts'
import type { DemoSource } from '../../demo/demo-servers.ts'
import { summaryJson, summaryLines } from '../../demo/demo-summary.ts'
import { parseDuration } from '../../demo/duration.ts'
import { runDemo } from '../../demo/run-demo.ts'
import { createScreen } from '../../demo/screen.ts'
import { packageVersion } from '../../package-version.ts'
import { foundWrong, succeeded } from '../command-context.ts'
import { isJson, writeResult } from '../command-host.ts'
import type { CommandHost } from '../command-host.ts'

interface DemoFlags {
  readonly for?: string
  readonly rate: string
  readonly source: DemoSource
}

const usualRate = '300'
const highestRate = 10_000

/**
 * `tailrace demo`: a shop on a local DynamoDB, streamed into a local Kafka and checked. The result is 1 if a change was
 * lost, duplicated, reordered or made up.
 */
export function registerDemo(program: Command, { context, action }: CommandHost): void {
  program
    .command('demo')
    .description('stream a small shop from a local DynamoDB into a local Kafka, and check every change')
    .option('--for <duration>', 'how long, such as 20s or 2m (default: until Ctrl-C)')
    .option('--rate <writes>', 'writes a second, as far as the machine can', usualRate)
    .addOption(
      new Option('--source <source>', "the table's own stream, or a Kinesis stream with repeats and disorder")
        .choices(demoSources)
        .default('dynamodb'),
    )
    .action(
      action(async (command) => {
        const flags = command.opts<DemoFlags>()
        const progress = createScreen(context.stderr, context.env)
        const output = createScreen(context.stdout, context.env)
        const hasChanges = !isJson(command)
        const { clock, rng, redactor } = context
        const summary = await runDemo(
          {
            forMs: durationOf(flags.for),
            perSecond: rateOf(flags.rate),
            source: flags.source,
            version: packageVersion(),
            progress,
            live: hasChanges ? output : progress,
            hasChanges,
            clock,
            rng,
            redactor,
          },
          context.signal,
        )
        writeResult(context, command, { json: summaryJson(summary), text: summaryLines(summary, output).join('\n') })
        if (summary.phantom > 0 && !hasChanges)
          progress.print([`${summary.phantom} records hold what was never written`])
        return isExactlyOnce(summary) ? succeeded : foundWrong
      }),
    )
}

function durationOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const ms = parseDuration(text)
  if (ms === undefined) throw new TailraceError('USAGE', `--for ${text}: not a duration such as 20s, 2m or 1h`)
  return ms
}

function rateOf(text: string): number {
  const rate = Number(text)
  if (!(rate > 0 && rate <= highestRate))
    throw new TailraceError('USAGE', `--rate ${text}: not a number of writes a second up to ${highestRate}`)
  return rate
}
