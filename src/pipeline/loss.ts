import { birthOf, streamRetentionMs } from '../change/retention.ts'
import type { TailraceError } from '../errors.ts'
import type { ShardState } from '../lanes/lane-state.ts'

/** Stops after which changes are missing downstream that no later change may bring back. */
const losses: ReadonlySet<string> = new Set(['STREAM_GAP', 'SHARD_NOT_FOUND', 'SOURCE_REPLACED'])

/** True for the code of such a stop. */
export function isLoss(code: string): boolean {
  return losses.has(code)
}

const hourMs = 3_600_000
/** Of how long a stream keeps changes, so much is for clocks. */
const doubtMs = 4 * hourMs

/**
 * True if what was trimmed of a shard is all from before the time from which its table's changes are wanted. Such a table
 * is read from the oldest change on, too, and who is interrupted there soon finds it trimmed; nothing is lost by that.
 */
export function isFromBefore(
  { shardId, notBeforeMs, createdAtMs }: Pick<ShardState, 'shardId' | 'notBeforeMs' | 'createdAtMs'>,
  { code, details }: TailraceError,
  nowMs: number,
  retentionMs: number = streamRetentionMs,
): boolean {
  if (notBeforeMs === undefined || (code !== 'STREAM_GAP' && code !== 'SHARD_NOT_FOUND')) return false
  const { oldestLeftAtMs } = details
  if (typeof oldestLeftAtMs === 'number') return oldestLeftAtMs < notBeforeMs
  // Nothing is left to look at, and what is gone is as old as the stream keeps changes. But a shard that is merely out of sight must not count as
  // gone: it must also be old by what is known of it.
  const knownMs = createdAtMs ?? birthOf(shardId)
  const isOld = knownMs !== undefined && knownMs < notBeforeMs - doubtMs
  return isOld && notBeforeMs > nowMs - (retentionMs - doubtMs)
}
