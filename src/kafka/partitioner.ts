const seed = 0x9747b28c
const multiplier = 0x5bd1e995

/**
 * The partition that Java's default partitioner gives to a key: murmur2, sign bit cleared, modulo the partition count.
 * Readers that join topics by key, and other producers of the same topic, count on this.
 */
export function partitionOfKey(key: Uint8Array, partitions: number): number {
  return (murmur2(key) & 0x7fff_ffff) % partitions
}

/** murmur2 with Kafka's seed, as a signed 32-bit number (`org.apache.kafka.common.utils.Utils.murmur2`). */
export function murmur2(data: Uint8Array): number {
  const length = data.length
  const tail = length & ~3
  let hash = seed ^ length
  for (let at = 0; at < tail; at += 4) {
    let word =
      byteAt(data, at) | (byteAt(data, at + 1) << 8) | (byteAt(data, at + 2) << 16) | (byteAt(data, at + 3) << 24)
    word = Math.imul(word, multiplier)
    word ^= word >>> 24
    hash = Math.imul(hash, multiplier) ^ Math.imul(word, multiplier)
  }
  const rest = length - tail
  if (rest === 3) hash ^= byteAt(data, tail + 2) << 16
  if (rest >= 2) hash ^= byteAt(data, tail + 1) << 8
  if (rest >= 1) hash = Math.imul(hash ^ byteAt(data, tail), multiplier)
  hash ^= hash >>> 13
  hash = Math.imul(hash, multiplier)
  return (hash ^ (hash >>> 15)) | 0
}

function byteAt(data: Uint8Array, index: number): number {
  return data[index] ?? 0
}
