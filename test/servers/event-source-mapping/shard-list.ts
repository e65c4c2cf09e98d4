import { AwsServiceError } from '../../../src/aws/aws.ts'
import { retryForever } from '../../../src/aws/retry-forever.ts'
import type { MappedShard } from './mapped-stream.ts'
import type { MappingParts } from './mapping-parts.ts'

/** The shards of the mapping's stream, as the service lists them at that moment. */
export interface ShardList {
  /** All pages of a listing; one that loses its place starts over. */
  read(signal: AbortSignal): Promise<{ readonly shards: readonly MappedShard[]; readonly isDisabled: boolean }>
  /** Asks about one shard, whatever listings say. */
  has(shardId: string, signal: AbortSignal): Promise<boolean>
}

/** Remembers nothing between two calls. */
export function createShardList(parts: MappingParts): ShardList {
  const { stream, api, clock, rng, pace } = parts
  const patiently = <T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> =>
    retryForever({ clock, rng, policy: pace.retry }, work, signal)

  const readPages: ShardList['read'] = async (signal) => {
    const shards = new Map<string, MappedShard>()
    for (let after: string | undefined; ;) {
      const request = stream.listRequest(after)
      const page = stream.readListing(await patiently(() => api.call(request, signal), signal))
      for (const shard of page.shards) shards.set(shard.shardId, shard)
      if (page.next === undefined) return { shards: [...shards.values()], isDisabled: page.isDisabled }
      after = page.next
    }
  }
  return {
    read: async (signal) => {
      for (let pass = 0; ; pass++) {
        try {
          return await readPages(signal)
        } catch (error) {
          // A cursor whose shard was deleted, a token that expired, or a stream that is still being made.
          if (!(error instanceof AwsServiceError) || pass >= 5) throw error
          await clock.sleep(pace.listMs, signal)
        }
      }
    },
    has: async (shardId, signal) => {
      const request = stream.iteratorRequest(shardId, { kind: 'oldest' })
      try {
        await patiently(() => api.call(request, signal), signal)
        return true
      } catch (error) {
        if (!(error instanceof AwsServiceError)) throw error
        return error.type !== 'ResourceNotFoundException'
      }
    },
  }
}
