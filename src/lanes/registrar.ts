/**
 * The lane that registers a shard: everybody who learns of a shard sends its `begin` there and nowhere else. FNV-1a
 * over the text, so that it is the same in every process and version; it must never change for a running pipeline.
 */
export function registrarOf(streamArn: string, shardId: string, lanes: number): number {
  let hash = 0x811c9dc5
  const text = `${streamArn}/${shardId}`
  for (let i = 0; i < text.length; i++) {
    hash ^= text.charCodeAt(i)
    hash = Math.imul(hash, 0x01000193)
  }
  // FNV's low bits are weak for short differences; fold the high half in.
  hash ^= hash >>> 15
  return (hash >>> 0) % lanes
}
