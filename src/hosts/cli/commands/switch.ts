import type { Command } from 'commander'
import { Option } from 'commander'
import type { PipelineConfig } from '../../../config/pipeline-config.ts'
import { TailraceError } from '../../../errors.ts'
import type { KafkaApi } from '../../../kafka/kafka.ts'
import { shardKey } from '../../../lanes/lane-state.ts'
import type { LaneState } from '../../../lanes/lane-state.ts'
import { shardTransactionalIdOf } from '../../../lanes/shard-taker.ts'
import { positionsForFunction, presentWay, wayEntries } from '../../../lanes/way.ts'
import { counted } from '../../counted.ts'
import { openSource } from '../../source-of.ts'
import { succeeded } from '../command-context.ts'
import type { CommandContext, CommandResult } from '../command-context.ts'
import { writeResult } from '../command-host.ts'
import type { CommandHost } from '../command-host.ts'
import { loadPipeline } from '../load-pipeline.ts'
import { openKafka } from '../open-kafka.ts'
import { readPipelineLedger } from '../pipeline-ledger.ts'
import { holdLedger } from '../standing-pipeline.ts'
import type { LedgerHolding } from '../standing-pipeline.ts'

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
    .action(action((command) => switchWay(command, context)))
}

async function switchWay(command: Command, context: CommandContext): Promise<CommandResult> {
  const { to } = command.opts<{ to: 'worker' | 'lambda' }>()
  const config = await loadPipeline(command.args[0] ?? '', context)
  refuseWithoutPositions(config)
  await using kafka = openKafka(config, context)
  const ledger = await readPipelineLedger(config, kafka, context.signal)
  const holding = { config, kafka, context, lanes: ledger.lanes.length }
  const was = await announce(holding, to)
  const isDone = was === to
  const fenced = isDone ? 0 : await giveOver(holding, to)
  const text = isDone
    ? `pipeline ${config.pipeline} is moved by its ${to} already\n`
    : `pipeline ${config.pipeline} is moved by its ${to} from now on${fenced === 0 ? '' : `; ${counted(fenced, 'shard')} fenced`}\n`
  writeResult(context, command, { json: { pipeline: config.pipeline, was, way: to, fenced }, text })
  return succeeded
}

function refuseWithoutPositions({ delivery }: PipelineConfig): void {
  if (delivery === 'exactly_once') return
  throw new TailraceError('SWITCH_REFUSED', 'a function keeps no positions with delivery: at_least_once')
}

/** From now on nobody may begin to move the pipeline. Returns whose turn it was. */
async function announce(holding: LedgerHolding, to: 'worker' | 'lambda'): Promise<string> {
  await using held = await holdLedger(holding)
  const { way } = presentWay(held.states)
  const nowMs = holding.context.clock.now()
  if (way === to) return way
  // Refused before anything is changed; what is written is decided again when nobody can change it any more.
  if (to === 'lambda') positionsForFunction(held.states, nowMs)
  if (way !== 'nobody') await held.write(wayEntries(held.states, 'nobody', nowMs))
  return way
}

/**
 * Taking all lanes again waits until every partition shows the announcement. Who begins after that sees it; who had begun
 * before is fenced here. Returns how many shards of a function were fenced.
 */
async function giveOver(holding: LedgerHolding, to: 'worker' | 'lambda'): Promise<number> {
  await using held = await holdLedger(holding)
  const { states } = held
  const nowMs = holding.context.clock.now()
  if (to === 'lambda') {
    await held.write([...positionsForFunction(states, nowMs), ...wayEntries(states, 'lambda', nowMs)])
    return 0
  }
  const fenced = await fenceShards(holding, states)
  await held.write(wayEntries(states, 'worker', nowMs))
  return fenced
}

/** Shards that the ledger knows, and those that a function may have taken without having written anything yet. */
async function fenceShards({ config, kafka, context }: LedgerHolding, states: readonly LaneState[]): Promise<number> {
  const { clock, rng, env, signal } = context
  await using owned = openSource(config.source, { clock, rng, env })
  const shards = new Map<string, { readonly streamArn: string; readonly shardId: string }>()
  for (const state of states) for (const [key, shard] of state.shards) shards.set(key, shard)
  for (const { table } of states[0]?.tables.values() ?? []) {
    const { streamArn } = table
    const listing = await owned.source.listShards(streamArn, signal)
    for (const { shardId } of listing.shards) shards.set(shardKey(streamArn, shardId), { streamArn, shardId })
  }
  for (const shard of shards.values()) await fence(config, kafka, shard, signal)
  return shards.size
}

async function fence(
  { pipeline, kafka: { transactionTimeoutMs } }: PipelineConfig,
  kafka: KafkaApi,
  { streamArn, shardId }: { readonly streamArn: string; readonly shardId: string },
  signal: AbortSignal,
): Promise<void> {
  const transactionalId = shardTransactionalIdOf(pipeline, streamArn, shardId)
  await kafka.initProducerId({ transactionalId, timeoutMs: transactionTimeoutMs }, signal)
}
