import { AwsServiceError } from '../../aws/aws.ts'
import type { ChildListing, ShardListing } from '../source.ts'
import { listShards } from './shard-lister.ts'
import type { SourceContext } from '../source-context.ts'

/** Looks the children of ended shards up. */
export interface ChildFinder {
  /** The immediate children that the service knows now; one look, which waits out throttles and network errors. */
  find(streamArn: string, parentShardId: string, signal: AbortSignal): Promise<ChildListing>
}

/** After this many empty answers about one shard a full listing is asked as well. */
const looksPerFullListing = 5

/** More shards than this cannot be awaiting children at once in practice; forgetting them only delays a full listing. */
const maxAwaiting = 10_000

/**
 * Asks with ShardFilter CHILD_SHARDS, which costs one request. Where that is refused, and after repeated empty answers,
 * the children are picked from a full listing by their parent.
 */
export function createChildFinder(context: SourceContext): ChildFinder {
  const emptyLooks = new Map<string, number>()

  const count = (key: string, listing: ChildListing): ChildListing => {
    if (emptyLooks.size >= maxAwaiting) emptyLooks.clear()
    if (listing.children.length > 0 || listing.streamStatus === 'DISABLED') emptyLooks.delete(key)
    else emptyLooks.set(key, (emptyLooks.get(key) ?? 0) + 1)
    return listing
  }

  return {
    find: async (streamArn, parentShardId, signal) => {
      const key = `${streamArn}/${parentShardId}`
      const looks = emptyLooks.get(key) ?? 0
      if (looks > 0 && looks % looksPerFullListing === 0) {
        return count(key, childrenOf(parentShardId, await listShards(context, streamArn, signal)))
      }
      try {
        const filtered = await listShards(context, streamArn, signal, { parentShardId })
        // A service that does not know the filter may ignore it and list everything.
        return count(key, childrenOf(parentShardId, filtered))
      } catch (error) {
        if (!isRefused(error)) throw error
        context.emit({ kind: 'shard-filter-refused', streamArn, shardId: parentShardId, reason: error.type })
        return childrenOf(parentShardId, await listShards(context, streamArn, signal))
      }
    },
  }
}

function childrenOf(parentShardId: string, listing: ShardListing): ChildListing {
  return {
    children: listing.shards.filter((shard) => shard.parents.includes(parentShardId)),
    streamStatus: listing.status,
  }
}

/** Unknown parameter, unknown filter type, or a parent that is already deleted: the full listing answers all of them. */
function isRefused(error: unknown): error is AwsServiceError {
  return error instanceof AwsServiceError
}
