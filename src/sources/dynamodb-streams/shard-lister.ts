import { AwsServiceError } from '../../aws/aws.ts'
import type { Shard } from '../../change/shard.ts'
import { TailraceError } from '../../errors.ts'
import type { ShardListing } from '../source.ts'
import { patientCall } from '../source-context.ts'
import type { SourceContext } from '../source-context.ts'
import { readStreamDescription } from './stream-description.ts'
import type { StreamDescriptionPage } from './stream-description.ts'

/** Restricts a listing to the immediate children of a shard. */
export interface ChildFilter {
  readonly parentShardId: string
}

/** A listing that loses its place this often in a row is given up; the caller's next one may fare better. */
const maxPasses = 10

/**
 * All shards of a stream, or of a filter. Resolves only when every page was answered; a failed page is repeated, not
 * skipped. Throws STREAM_NOT_FOUND if there is no such stream. Shards are as the service lists them: a parent that is
 * still open beside its child stays open, because only reading it to its end closes it.
 */
export async function listShards(
  context: SourceContext,
  streamArn: string,
  signal: AbortSignal,
  filter?: ChildFilter,
): Promise<ShardListing> {
  const shards = new Map<string, Shard>()
  let status: ShardListing['status'] = 'ENABLED'
  const begin = (): PageVisitor => {
    shards.clear()
    return (page) => {
      status = page.status
      for (const shard of page.shards) shards.set(shard.shardId, mergeShards(shards.get(shard.shardId), shard))
      return 'go-on'
    }
  }
  await walkListing(context, { streamArn, filter }, begin, signal)
  return { shards: [...shards.values()], status }
}

/** One shard as the listing shows it, closed if any page shows it closed; undefined if a complete listing lacks it. */
export async function findShard(
  context: SourceContext,
  streamArn: string,
  shardId: string,
  signal: AbortSignal,
): Promise<Shard | undefined> {
  let found: Shard | undefined
  const begin = (): PageVisitor => {
    found = undefined
    return (page) => {
      for (const shard of page.shards) if (shard.shardId === shardId) found = mergeShards(found, shard)
      return found?.endingSequenceNumber === undefined ? 'go-on' : 'enough'
    }
  }
  await walkListing(context, { streamArn, filter: undefined }, begin, signal)
  return found
}

/** What two sights of one shard say together. A closed shard never opens again, a parent is never lost. */
export function mergeShards(earlier: Shard | undefined, later: Shard): Shard {
  if (earlier === undefined) return later
  return {
    shardId: later.shardId,
    parents: later.parents.length > 0 ? later.parents : earlier.parents,
    startingSequenceNumber: later.startingSequenceNumber ?? earlier.startingSequenceNumber,
    endingSequenceNumber: later.endingSequenceNumber ?? earlier.endingSequenceNumber,
  }
}

interface ListingScope {
  readonly streamArn: string
  readonly filter: ChildFilter | undefined
}

type PageVisitor = (page: StreamDescriptionPage) => 'go-on' | 'enough'

/** Visits every page. `begin` is called for each pass: a listing that loses its place starts over with nothing. */
async function walkListing(
  context: SourceContext,
  scope: ListingScope,
  begin: () => PageVisitor,
  signal: AbortSignal,
): Promise<void> {
  for (let pass = 0; pass < maxPasses; pass++) {
    if (await isWalked(context, scope, begin(), signal)) return
    context.emit({ kind: 'listing-restarted', streamArn: scope.streamArn })
  }
  throw new TailraceError(
    'AWS_RESPONSE',
    `The listing of ${scope.streamArn} lost its place ${maxPasses} times in a row`,
  )
}

async function isWalked(
  context: SourceContext,
  scope: ListingScope,
  visit: PageVisitor,
  signal: AbortSignal,
): Promise<boolean> {
  const cursors = new Set<string>()
  for (let cursor: string | undefined; ;) {
    const page = await nextPage(context, scope, cursor, signal)
    if (page === 'cursor-lost') return false
    if (visit(page) === 'enough' || page.nextShardId === undefined) return true
    cursor = page.nextShardId
    // A cursor that comes again would page for ever.
    if (cursors.has(cursor)) return false
    cursors.add(cursor)
  }
}

async function nextPage(
  context: SourceContext,
  scope: ListingScope,
  cursor: string | undefined,
  signal: AbortSignal,
): Promise<StreamDescriptionPage | 'cursor-lost'> {
  const { streamArn, filter } = scope
  try {
    return await patientCall(
      context,
      {
        service: 'streams',
        action: 'DescribeStream',
        body: {
          StreamArn: streamArn,
          Limit: 100,
          ...(cursor === undefined ? {} : { ExclusiveStartShardId: cursor }),
          ...(filter === undefined ? {} : { ShardFilter: { Type: 'CHILD_SHARDS', ShardId: filter.parentShardId } }),
        },
        subject: { streamArn, shardId: filter?.parentShardId },
        read: (answer) => readStreamDescription(answer.body),
      },
      signal,
    )
  } catch (error) {
    if (!(error instanceof AwsServiceError)) throw error
    const isMissing = error.type === 'ResourceNotFoundException'
    // The shard that the cursor names may have been deleted between two pages.
    if (cursor !== undefined && (isMissing || error.type === 'ValidationException')) return 'cursor-lost'
    if (isMissing && filter === undefined) {
      throw new TailraceError('STREAM_NOT_FOUND', `There is no stream ${streamArn}`, {
        cause: error,
        details: { streamArn },
      })
    }
    throw error
  }
}
