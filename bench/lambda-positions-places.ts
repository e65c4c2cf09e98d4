import type { AtEntry } from '../src/lanes/ledger-entry.ts'
import { table } from './wire-orders.ts'

/** One filled ledger, and the shard in it whose position is looked for. */
export interface Filling {
  readonly name: string
  readonly topic: string
  /** Where the shard's entries are. */
  readonly partition: number
  readonly shard: string
}

/** The positions of this pipeline are measured. */
export const pipeline = 'positions'

/** The id of a shard by its number in a filling. */
export function shardName(filling: string, index: number): string {
  return `shardId-${filling}-${String(index).padStart(12, '0')}`
}

/** What a function's transactions of one shard are made under. */
export function idOf(shard: string): string {
  return `tailrace.${pipeline}.shard.${table.streamArn}/${shard}`
}

/** The consumer group that stands for a shard where positions are group offsets. */
export function groupOf(shard: string): string {
  return `tailrace.${pipeline}.${shard}`
}

/** The sequence number of a shard's nth commit. */
export function sequenceNumberAt(commit: number): string {
  return String(428_379_100_000_000_012_345_678n + BigInt(commit) * 100n)
}

/** What a commit writes of its shard. */
export function atEntry(shard: string, after: string): AtEntry {
  return {
    kind: 'at',
    tableArn: table.arn,
    streamArn: table.streamArn,
    shardId: shard,
    generation: 0,
    status: 'open',
    after,
    createdAtMs: 1_795_426_137_000,
    committedAtMs: 1_795_426_138_000,
    movedTo: undefined,
    children: undefined,
  }
}
