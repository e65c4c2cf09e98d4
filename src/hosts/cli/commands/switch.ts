import type { Command } from 'commander'
import { Option } from 'commander'
import type { PipelineConfig } from '../../../config/pipeline-config.ts'
import { TailraceError } from '../../../errors.ts'
import { counted } from '../../counted.ts'
import { openSource } from '../../source-of.ts'
import { succeeded } from '../command-context.ts'
import type { CommandContext, CommandResult } from '../command-context.ts'
import { writeResult } from '../command-host.ts'
import type { CommandHost } from '../command-host.ts'
import { loadPipeline } from '../load-pipeline.ts'
import { openKafka } from '../open-kafka.ts'
import { switchWay } from '../switch-way.ts'

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
  await using owned = openSource(config.source, { clock, rng, env })
  const { was, fenced } = await switchWay({ config, kafka, source: owned.source, context }, to)
  const text =
    was === to
      ? `pipeline ${config.pipeline} is moved by its ${to} already\n`
      : `pipeline ${config.pipeline} is moved by its ${to} from now on${fenced === 0 ? '' : `; ${counted(fenced, 'shard')} fenced`}\n`
  writeResult(context, command, { json: { pipeline: config.pipeline, was, way: to, fenced }, text })
  return succeeded
}

function refuseWithoutPositions({ delivery }: PipelineConfig): void {
  if (delivery === 'exactly_once') return
  throw new TailraceError('SWITCH_REFUSED', 'a function keeps no positions with delivery: at_least_once')
}
