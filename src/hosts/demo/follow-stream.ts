import type { Clock } from '../../async/clock.ts'
import type { ShardPage, Source } from '../../sources/source.ts'

/** A stream to be followed, and who hears of its pages. */
export interface FollowedStream {
  readonly source: Source
  readonly streamArn: string
  readonly clock: Clock
  /** Called page by page, of each shard in order, and of a shard before its children. Waited for. */
  readonly onPage: (page: ShardPage) => void | Promise<void>
}

/** How often a shard that has ended is asked for children that are not listed yet. */
const childPollMs = 100

/** Reads a stream from its oldest records on, for as long as it has shards, or until the signal aborts (then it rejects). */
export async function followStream(followed: FollowedStream, signal: AbortSignal): Promise<void> {
  const { shards } = await followed.source.listShards(followed.streamArn, signal)
  const listed = new Set(shards.map((shard) => shard.shardId))
  const roots = shards.filter(({ parents }) => !parents.some((parent) => listed.has(parent)))
  await followAll(followed, roots, signal)
}

async function followAll(
  followed: FollowedStream,
  shards: readonly { readonly shardId: string }[],
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(shards.map(({ shardId }) => followShard(followed, shardId, signal)))
}

async function followShard(followed: FollowedStream, shardId: string, signal: AbortSignal): Promise<void> {
  const { source, streamArn, clock, onPage } = followed
  const reader = source.openShard({ streamArn, shardId, after: undefined })
  for (let isEnd = false; !isEnd;) {
    const page = await reader.read(signal)
    await onPage(page)
    isEnd = page.isEnd
  }
  for (;;) {
    const { children, streamStatus } = await source.childShards(streamArn, shardId, signal)
    if (children.length > 0) return followAll(followed, children, signal)
    if (streamStatus === 'DISABLED' || streamStatus === 'DISABLING') return
    await clock.sleep(childPollMs, signal)
  }
}
