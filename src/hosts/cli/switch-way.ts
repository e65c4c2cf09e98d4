import { retentionOf } from '../../change/retention.ts'
import { shardKey } from '../../lanes/lane-state.ts'
import type { LaneState } from '../../lanes/lane-state.ts'
import type { Way } from '../../lanes/ledger-entry.ts'
import { passOverUnreachable } from '../../lanes/out-of-reach.ts'
import type { PassedOver } from '../../lanes/out-of-reach.ts'
import { shardTransactionalIdOf } from '../../lanes/shard-taker.ts'
import { positionsForFunction, presentWay, wayEntries } from '../../lanes/way.ts'
import type { IsSettled } from '../../lanes/way.ts'
import { replayIdOf } from '../dead-letters/replay-id.ts'
import { readPipelineLedger } from '../ledger/pipeline-ledger.ts'
import { holdLedger } from '../ledger/standing-pipeline.ts'
import type { LedgerHolding } from '../ledger/standing-pipeline.ts'
import { listStreams, lookAtStream } from './stream-sight.ts'
import type { Listings, SightSource } from './stream-sight.ts'

/** What giving a pipeline over stands on; a simulation gives its own. */
export interface SwitchParts extends Omit<LedgerHolding, 'lanes'> {
  readonly source: SightSource
  readonly isSettled: IsSettled
}

/** What was done. */
export interface WaySwitch {
  /** Whose turn it was. */
  readonly was: Way
  /** Shards whose holders were fenced. */
  readonly fenced: number
  /** Ids of shards that can no longer be read, and of which nothing says that Lambda has handed over all. */
  readonly unproved: readonly string[]
}

/**
 * Gives a pipeline over to its workers or its function. Whoever moved it must have stopped; what is left of him, and of a replay
 * of dead letters, is fenced. Cut short it leaves a pipeline that nobody may move until this is done again, with either end.
 */
export async function switchWay(parts: SwitchParts, to: 'worker' | 'lambda'): Promise<WaySwitch> {
  const ledger = await readPipelineLedger(parts.config, parts.kafka, parts.context.signal)
  const holding = { ...parts, lanes: ledger.lanes.length }
  // Whatever keeps streams from being looked at must not leave a pipeline that nobody may move.
  if (to === 'worker' && presentWay(ledger.lanes).way !== to) {
    const listings = await listStreams(parts.source, ledger.tables, parts.context.signal)
    await passOver(parts, ledger.lanes, listings)
  }
  const was = await announce(holding, to)
  if (was === to) return { was, fenced: 0, unproved: [] }
  await fence(holding, replayIdOf(parts.config.pipeline))
  return { was, ...(to === 'lambda' ? await giveToFunction(holding) : await giveToWorkers(holding)) }
}

type Holding = SwitchParts & Pick<LedgerHolding, 'lanes'>

/** From now on nobody may begin to move the pipeline. Returns whose turn it was. */
async function announce(holding: Holding, to: 'worker' | 'lambda'): Promise<Way> {
  await using held = await holdLedger(holding)
  const { way } = presentWay(held.states)
  const nowMs = holding.context.clock.now()
  if (way === to) return way
  // Refused before anything is changed; what is written is decided again when nobody can change it any more.
  if (to === 'lambda') positionsForFunction(held.states, { nowMs, isSettled: holding.isSettled })
  if (way !== 'nobody') await held.write(wayEntries(held.states, 'nobody', nowMs))
  return way
}

/** Taking all lanes again waits until every partition shows the announcement. Who begins after that sees it. */
async function giveToFunction(holding: Holding): Promise<Omit<WaySwitch, 'was'>> {
  await using held = await holdLedger(holding)
  const { states } = held
  const nowMs = holding.context.clock.now()
  const positions = positionsForFunction(states, { nowMs, isSettled: holding.isSettled })
  await held.write([...positions, ...wayEntries(states, 'lambda', nowMs)])
  return { fenced: 0, unproved: [] }
}

/**
 * Whoever had begun before the announcement is fenced here, and his last positions are seen when all lanes are taken once more: what
 * becomes of a shard is decided by those.
 */
async function giveToWorkers(holding: Holding): Promise<Omit<WaySwitch, 'was'>> {
  const { source, context } = holding
  const fenced = new Set<string>()
  for (;;) {
    await using held = await holdLedger(holding)
    const { states } = held
    const listings = await listStreams(source, states[0]?.tables.values() ?? [], context.signal)
    const left = [...shardsOf(states, listings)].filter(([key]) => !fenced.has(key))
    for (const [key, { streamArn, shardId }] of left) {
      await fence(holding, shardTransactionalIdOf(holding.config.pipeline, streamArn, shardId))
      fenced.add(key)
    }
    if (left.length > 0) continue
    const { entries, unproved } = await passOver(holding, states, listings)
    await held.write([...entries, ...wayEntries(states, 'worker', context.clock.now())])
    return { fenced: fenced.size, unproved }
  }
}

/** Shards that the ledger knows, and those that a function may have taken without having written anything yet. */
function shardsOf(states: readonly LaneState[], listings: Listings): ReadonlyMap<string, ShardName> {
  const shards = new Map<string, ShardName>()
  for (const state of states) for (const [key, shard] of state.shards) shards.set(key, shard)
  for (const [streamArn, listed] of listings)
    for (const { shardId } of listed) shards.set(shardKey(streamArn, shardId), { streamArn, shardId })
  return shards
}

interface ShardName {
  readonly streamArn: string
  readonly shardId: string
}

async function passOver(
  { source, context }: Pick<SwitchParts, 'source' | 'context'>,
  states: readonly LaneState[],
  listings: Listings,
): Promise<PassedOver> {
  const { clock, signal } = context
  const all: PassedOver[] = []
  for (const table of states[0]?.tables.values() ?? []) {
    const listed = listings.get(table.table.streamArn)
    if (listed === undefined) continue
    const nowMs = clock.now()
    const sight = await lookAtStream(source, states, { table, listed, nowMs }, signal)
    all.push(passOverUnreachable(states, sight, { nowMs, retentionMs: retentionOf(table.table) }))
  }
  return { entries: all.flatMap(({ entries }) => entries), unproved: all.flatMap(({ unproved }) => unproved) }
}

async function fence({ config, kafka, context }: Holding, transactionalId: string): Promise<void> {
  await kafka.initProducerId({ transactionalId, timeoutMs: config.kafka.transactionTimeoutMs }, context.signal)
}
