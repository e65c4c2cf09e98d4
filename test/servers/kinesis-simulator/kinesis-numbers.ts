/** What a sequence number of Kinesis says of the shard that gave it. */
export interface NumberOrigin {
  /** When the shard was made. Seconds since the epoch; no two shards of a name and an index have the same. */
  readonly createdAtSeconds: number
  /** The number in the shard's id. */
  readonly index: number
}

/** The count of a shard's last sequence number, which no record has. */
export const endCount = 0x7fff_ffff_ffff_ffffn

/**
 * A sequence number as Kinesis gives them: 56 digits that encode, from the highest, when the shard was made, a part of its
 * index, a count within the shard, the time and the index. So they rise within a shard, and those of a shard that is made
 * later are greater.
 */
export function kinesisSequenceNumber(
  { createdAtSeconds, index }: NumberOrigin,
  count: bigint,
  seconds: number,
): string {
  const digits = [
    '2',
    hex(createdAtSeconds, 9),
    hex(index % 16, 1),
    count.toString(16).padStart(16, '0'),
    '00',
    hex(seconds, 9),
    hex(index, 8),
    '2',
  ]
  return BigInt(`0x${digits.join('')}`).toString()
}

/** Which shard gave a sequence number; undefined for a number that none can have given. */
export function originOf(sequenceNumber: string): NumberOrigin | undefined {
  if (!/^\d{1,128}$/.test(sequenceNumber)) return undefined
  const digits = BigInt(sequenceNumber).toString(16)
  if (digits.length !== 47 || !digits.startsWith('2') || !digits.endsWith('2')) return undefined
  return {
    createdAtSeconds: Number.parseInt(digits.slice(1, 10), 16),
    index: Number.parseInt(digits.slice(38, 46), 16),
  }
}

function hex(value: number, length: number): string {
  return Math.floor(value).toString(16).padStart(length, '0')
}
