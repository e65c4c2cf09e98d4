import { takePartition } from './lane-session.ts'
import type { LaneSession, LaneTakerOptions } from './lane-session.ts'
import { registrarOf } from './registrar.ts'

/** Takes single shards of a pipeline whose changes are handed over by somebody who knows no lanes. */
export interface ShardTaker {
  /**
   * Fences every older holder of the shard, then reads its registrar's partition. Entries of other shards of that partition
   * may be newer than what is seen here; those of this one cannot be.
   */
  take(streamArn: string, shardId: string, signal: AbortSignal): Promise<LaneSession>
}

/** What taking a shard needs. */
export type ShardTakerOptions = Pick<LaneTakerOptions, 'kafka' | 'sessions' | 'pipeline' | 'ledgerTopic' | 'clock'> & {
  readonly lanes: number
}

/**
 * The transactional id of a shard: the same in every process. Where this says `shard` lanes have a number, so one prefix
 * grants both.
 */
export function shardTransactionalIdOf(pipeline: string, streamArn: string, shardId: string): string {
  return `tailrace.${pipeline}.shard.${streamArn}/${shardId}`
}

/** Makes the taker of a pipeline's shards. */
export function createShardTaker(options: ShardTakerOptions): ShardTaker {
  const { pipeline, lanes } = options
  return {
    take: (streamArn, shardId, signal) => {
      const lane = registrarOf(streamArn, shardId, lanes)
      const transactionalId = shardTransactionalIdOf(pipeline, streamArn, shardId)
      return takePartition(options, { lane, transactionalId }, signal)
    },
  }
}
