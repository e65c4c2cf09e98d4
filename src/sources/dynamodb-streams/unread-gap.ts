import type { AwsApi } from '../../aws/aws.ts'
import { clockDoubtMs, surelyKeptMs } from '../../change/retention.ts'
import { findOldestRecord } from './oldest-record.ts'
import type { OldestRecord } from './oldest-record.ts'

/** Changes that may have been trimmed from the front of a shard of which nothing was read. */
export interface UnreadGap {
  readonly hours: number
  readonly oldestLeft: OldestRecord | undefined
}

/**
 * The service refuses a position that was trimmed, but reads a shard without a position from whatever is left. So whoever
 * has read nothing of it for as long as the service keeps changes must assume that some are gone. They are not if the
 * oldest that is left is from before `unreadSinceMs`: what is trimmed goes in order. (Whether the oldest has the number with
 * which the listing lets the shard begin would tell, too, but nobody says that the two are the same.) Undefined if nothing
 * is missing.
 */
export async function findUnreadGap(
  api: AwsApi,
  shard: { readonly streamArn: string; readonly shardId: string; readonly unreadSinceMs: number | undefined },
  { nowMs, signal }: { readonly nowMs: number; readonly signal: AbortSignal },
): Promise<UnreadGap | undefined> {
  const { unreadSinceMs } = shard
  if (unreadSinceMs === undefined || nowMs - unreadSinceMs < surelyKeptMs) return undefined
  const oldestLeft = await findOldestRecord(api, shard, signal)
  const isAllThere = oldestLeft?.createdAtMs !== undefined && oldestLeft.createdAtMs < unreadSinceMs - clockDoubtMs
  return isAllThere ? undefined : { hours: Math.floor((nowMs - unreadSinceMs) / 3_600_000), oldestLeft }
}
