import { textHash } from './text-hash.ts'

/**
 * The lane that registers a shard: everybody who learns of a shard sends its `begin` there and nowhere else. It must never
 * change for a running pipeline.
 */
export function registrarOf(streamArn: string, shardId: string, lanes: number): number {
  return textHash(`${streamArn}/${shardId}`) % lanes
}
