import type { TailraceError } from '../errors.ts'
import type { ShardState } from '../lanes/lane-state.ts'
import type { LostInterval } from './pipeline-event.ts'

/** Joins what the reader found at the source with what the ledger knows of the shard. */
export function lostIntervalOf(
  error: TailraceError,
  shard: ShardState,
  after: string | undefined,
  nowMs: number,
): LostInterval {
  const { oldestLeft, oldestLeftAtMs } = error.details
  const afterCreatedAtMs = after === undefined ? undefined : shard.createdAtMs
  const beforeCreatedAtMs = typeof oldestLeftAtMs === 'number' ? oldestLeftAtMs : undefined
  return {
    after,
    afterCreatedAtMs,
    before: typeof oldestLeft === 'string' ? oldestLeft : undefined,
    beforeCreatedAtMs,
    spanMs: afterCreatedAtMs === undefined ? undefined : Math.max(0, (beforeCreatedAtMs ?? nowMs) - afterCreatedAtMs),
  }
}

/** For people, in one line: the reason of a stopped table, and the log. */
export function describeLostInterval({ after, afterCreatedAtMs, before, beforeCreatedAtMs }: LostInterval): string {
  const from = after === undefined ? 'from the beginning of the shard' : `behind ${after}${timeOf(afterCreatedAtMs)}`
  const to =
    before === undefined ? 'to its end' : `up to ${before}${timeOf(beforeCreatedAtMs)}, which is the oldest left`
  // Nobody knows what was in front of a shard of which nothing was read.
  return `lost ${after === undefined ? 'may be' : 'are'} the changes ${from} ${to}`
}

function timeOf(ms: number | undefined): string {
  return ms === undefined ? '' : ` (${new Date(ms).toISOString()})`
}
