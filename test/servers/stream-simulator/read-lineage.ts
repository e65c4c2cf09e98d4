import type { Shard } from '../../../src/change/shard.ts'
import type { Source } from '../../../src/sources/source.ts'
import { drain } from './simulator-client.ts'

/**
 * Reads a whole stream, each parent to its end before its children, as one worker would. Ends when every shard has
 * ended: the stream must be disabled, or all leaves closed.
 */
export async function readLineage(source: Source, streamArn: string, signal: AbortSignal): Promise<readonly unknown[]> {
  const records: unknown[] = []
  const ended = new Set<string>()
  let waiting: readonly Shard[] = (await source.listShards(streamArn, signal)).shards
  const listed = new Set(waiting.map((shard) => shard.shardId))
  while (waiting.length > 0) {
    const ready = waiting.filter((shard) => shard.parents.every((parent) => ended.has(parent) || !listed.has(parent)))
    if (ready.length === 0) throw new Error('the lineage has a cycle')
    for (const { shardId } of ready) {
      records.push(...(await drain(source.openShard({ streamArn, shardId, after: undefined }), signal)).records)
      ended.add(shardId)
    }
    waiting = waiting.filter((shard) => !ended.has(shard.shardId))
  }
  return records
}
