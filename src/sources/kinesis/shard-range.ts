import { backoffDelay } from '../../async/backoff.ts'
import type { KinesisContext } from './kinesis-context.ts'
import type { HashKeyRange } from './listed-shard.ts'
import { hasShard } from './shard-presence.ts'
import type { ShardLister } from './shard-lister.ts'

const lookAgain = { baseMs: 100, capMs: 5_000 }

/**
 * Which partition keys a shard gets; undefined if the service says that there is no such shard (any more). A listing may lack
 * a shard that is there: then it is listed again until it is shown.
 */
export async function rangeOfShard(
  context: KinesisContext,
  lister: Pick<ShardLister, 'hashRangeOf'>,
  { streamArn, shardId }: { readonly streamArn: string; readonly shardId: string },
  signal: AbortSignal,
): Promise<HashKeyRange | undefined> {
  for (let attempt = 0; ; attempt++) {
    const range = await lister.hashRangeOf(streamArn, shardId, signal)
    if (range !== undefined) return range
    if (!(await hasShard(context, { streamArn, shardId, shardIds: undefined }, signal))) return undefined
    await context.clock.sleep(backoffDelay(lookAgain, attempt, context.rng), signal)
  }
}
