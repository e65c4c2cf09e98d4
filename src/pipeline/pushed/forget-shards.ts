import { retentionOf } from '../../change/retention.ts'
import type { Table } from '../../change/table.ts'
import { requireWay } from '../../lanes/way.ts'
import { registrarOf } from '../../lanes/registrar.ts'
import type { LaneSession } from '../../lanes/lane-session.ts'
import { tombstonesOf } from '../../lanes/forgetting.ts'
import { shardKey } from '../../lanes/lane-state.ts'
import type { LaneState, ShardState } from '../../lanes/lane-state.ts'
import type { ShardTaker } from '../../lanes/shard-taker.ts'

/** Beyond its retention, a stream may show what it has trimmed for a while, and clocks differ. Milliseconds. */
const graceMs = 24 * 3_600_000
/** 8,760 hours, the most that a Kinesis stream can be told to keep. Milliseconds. */
const longestOfKinesisMs = 365 * 24 * 3_600_000
/** Each is fenced and read anew, which costs as much as taking a shard: few at a time are enough, since each new shard does it. */
const atOnce = 2

/**
 * Forgets positions that cover nothing that could come again: whatever they cover was written before they were, and the
 * stream keeps nothing for so long. Nobody else does that while no worker runs, and a stream of a table has new shards
 * every few hours. Each is forgotten by a session of its own, so a function that still wrote there would be
 * fenced and take it anew, from the same nothing.
 */
export async function forgetOldShards(
  { state, lane }: Pick<LaneSession, 'state' | 'lane'>,
  { taker, nowMs, pipeline }: { readonly taker: ShardTaker; readonly nowMs: number; readonly pipeline: string },
  signal: AbortSignal,
): Promise<number> {
  const lanes = state.identity?.lanes ?? 0
  // What workers moved here for a snapshot is registered elsewhere, and theirs to forget.
  const isOwn = ({ streamArn, shardId }: ShardState): boolean => registrarOf(streamArn, shardId, lanes) === lane
  const old = [...state.shards.values()].filter((shard) => isOwn(shard) && isOld(shard, state, nowMs)).slice(0, atOnce)
  let forgotten = 0
  for (const { streamArn, shardId } of old) {
    await using session = await taker.take(streamArn, shardId, signal)
    // Fenced by a switch or not, nothing of what workers write may be forgotten here.
    requireWay(session.state.way, 'lambda', pipeline)
    const shard = session.state.shards.get(shardKey(streamArn, shardId))
    if (shard === undefined || !isOld(shard, session.state, nowMs)) continue
    await session.commit({ output: [], entries: tombstonesOf(shard, session.lane) }, signal)
    forgotten++
  }
  return forgotten
}

/** That of a Kinesis stream can be raised at any time, and nobody here would hear of it; its shards are few. */
function longestRetention(table: Table): number {
  return table.isStream === true ? longestOfKinesisMs : retentionOf(table)
}

/** A shard that was never delivered from has no moment, and is left as it is. */
function isOld({ at, tableArn }: ShardState, { tables }: LaneState, nowMs: number): boolean {
  const table = tables.get(tableArn)
  if (at === undefined || table === undefined) return false
  return nowMs - at.committedAtMs > longestRetention(table.table) + graceMs
}
