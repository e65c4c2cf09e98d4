import type { Command } from 'commander'
import { Option } from 'commander'
import type { PipelineConfig } from '../../../config/pipeline-config.ts'
import type { SourceConfig } from '../../../config/source-config.ts'
import { TailraceError } from '../../../errors.ts'
import type { Way } from '../../../lanes/ledger-entry.ts'
import { holdsNothingBack } from '../../../sources/kinesis/repair/reader-notes.ts'
import { counted } from '../../counted.ts'
import { openSource } from '../../source-of.ts'
import { succeeded } from '../command-context.ts'
import type { CommandContext, CommandResult } from '../command-context.ts'
import { writeResult } from '../command-host.ts'
import type { CommandHost } from '../command-host.ts'
import { loadPipeline } from '../load-pipeline.ts'
import { openKafka } from '../open-kafka.ts'
import { switchWay } from '../switch-way.ts'
import type { WaySwitch } from '../switch-way.ts'

/**
 * `tailrace switch <config> --to worker|lambda`: gives a pipeline over to the other way, positions and all. Whoever moved it
 * must have stopped; what is left of him is fenced. A command that was cut short leaves a pipeline that nobody may move until it
 * is run again, with either end.
 */
export function registerSwitch(program: Command, { context, action }: CommandHost): void {
  program
    .command('switch')
    .description('give a pipeline over from its workers to its function, or back, without loss or repeats')
    .argument('<config>', 'the pipeline file')
    .addOption(new Option('--to <way>', 'who is to move it').choices(['worker', 'lambda']).makeOptionMandatory())
    .action(action((command) => carryOut(command, context)))
}

async function carryOut(command: Command, context: CommandContext): Promise<CommandResult> {
  const { to } = command.opts<{ to: 'worker' | 'lambda' }>()
  const config = await loadPipeline(command.args[0] ?? '', context)
  refuseWithoutPositions(config)
  const { clock, rng, env } = context
  await using kafka = openKafka(config, context)
  await using owned = openSource(withoutFanOut(config.source), { clock, rng, env, giveUpOn })
  // Only readers of Kinesis streams leave notes.
  const parts = { config, kafka, source: owned.source, context, isSettled: holdsNothingBack }
  const done = await switchWay(parts, to)
  const json = { pipeline: config.pipeline, way: to, ...done }
  writeResult(context, command, { json, text: render(json) })
  return succeeded
}

/** What nobody but a person can mend. An outage is waited out: half of a switch is nobody's turn. */
const giveUpOn = ['AWS_ACCESS_DENIED', 'AWS_CREDENTIALS', 'AWS_KEY_UNUSABLE'] as const

/** A page or two are no reason to register a consumer. */
function withoutFanOut(source: SourceConfig): SourceConfig {
  return source.type === 'kinesis' ? { ...source, fanOut: undefined } : source
}

function render({
  pipeline,
  way,
  was,
  fenced,
  unproved,
}: WaySwitch & { readonly pipeline: string; readonly way: Way }) {
  if (was === way) return `pipeline ${pipeline} is moved by its ${way} already\n`
  const shards = fenced === 0 ? '' : `; ${counted(fenced, 'shard')} fenced`
  const done = `pipeline ${pipeline} is moved by its ${way} from now on${shards}\n`
  if (unproved.length === 0) return done
  return `${done}${[
    `Of ${counted(unproved.length, 'shard')} it cannot be told whether Lambda has handed over all: the stream has trimmed what would show it.`,
    `If the age of the mapping's iterator has never come near the stream's retention, nothing is lost;`,
    'otherwise `tailrace snapshot` delivers the items that there are now.',
    ...unproved.map((shardId) => `  ${shardId}`),
  ].join('\n')}\n`
}

function refuseWithoutPositions({ delivery }: PipelineConfig): void {
  if (delivery === 'exactly_once') return
  throw new TailraceError('SWITCH_REFUSED', 'a function keeps no positions with delivery: at_least_once')
}
