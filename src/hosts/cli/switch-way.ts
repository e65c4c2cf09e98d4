import type { KafkaApi } from '../../kafka/kafka.ts'
import type { PipelineConfig } from '../../config/pipeline-config.ts'
import { shardKey } from '../../lanes/lane-state.ts'
import type { LaneState } from '../../lanes/lane-state.ts'
import type { Way } from '../../lanes/ledger-entry.ts'
import { shardTransactionalIdOf } from '../../lanes/shard-taker.ts'
import { positionsForFunction, presentWay, wayEntries } from '../../lanes/way.ts'
import type { Source } from '../../sources/source.ts'
import { readPipelineLedger } from './pipeline-ledger.ts'
import { holdLedger } from './standing-pipeline.ts'
import type { LedgerHolding } from './standing-pipeline.ts'

/** What giving a pipeline over stands on; a simulation gives its own. */
export interface SwitchParts extends Omit<LedgerHolding, 'lanes'> {
  readonly source: Pick<Source, 'listShards'>
}

/** What was done. */
export interface WaySwitch {
  /** Whose turn it was. */
  readonly was: Way
  /** Shards whose holders were fenced. */
  readonly fenced: number
}

/**
 * Gives a pipeline over to its workers or its function. Whoever moved it must have stopped; what is left of him is fenced. Cut
 * short it leaves a pipeline that nobody may move until this is done again, with either end.
 */
export async function switchWay(parts: SwitchParts, to: 'worker' | 'lambda'): Promise<WaySwitch> {
  const ledger = await readPipelineLedger(parts.config, parts.kafka, parts.context.signal)
  const holding = { ...parts, lanes: ledger.lanes.length }
  const was = await announce(holding, to)
  return { was, fenced: was === to ? 0 : await giveOver(holding, to) }
}

type Holding = SwitchParts & Pick<LedgerHolding, 'lanes'>

/** From now on nobody may begin to move the pipeline. Returns whose turn it was. */
async function announce(holding: Holding, to: 'worker' | 'lambda'): Promise<Way> {
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
async function giveOver(holding: Holding, to: 'worker' | 'lambda'): Promise<number> {
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
async function fenceShards({ config, kafka, source, context }: Holding, states: readonly LaneState[]): Promise<number> {
  const { signal } = context
  const shards = new Map<string, { readonly streamArn: string; readonly shardId: string }>()
  for (const state of states) for (const [key, shard] of state.shards) shards.set(key, shard)
  for (const { table } of states[0]?.tables.values() ?? []) {
    const { streamArn } = table
    const listing = await source.listShards(streamArn, signal)
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
