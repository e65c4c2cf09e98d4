import { AwsServiceError } from '../../aws/aws.ts'
import type { AwsApi } from '../../aws/aws.ts'
import { TailraceError } from '../../errors.ts'
import type { ChildListing, ShardListing } from '../source.ts'
import { patientCall } from '../source-context.ts'
import type { KinesisContext } from './kinesis-context.ts'
import { createKnownShards } from './known-shards.ts'
import { readShardsPage } from './listed-shard.ts'
import type { HashKeyRange, ListedShard, ShardsPage } from './listed-shard.ts'
import { lookAtStream } from './same-stream.ts'
import { createSharedListings } from './shared-listings.ts'
import { parseStreamLabel } from './stream-label.ts'
import type { StreamDescription } from './stream-summary.ts'

/** Knows the shards of streams, which are named by their labels. */
export interface ShardLister {
  /** As `Source.listShards`. Throws STREAM_NOT_FOUND if the stream is gone, or another one has its name. */
  list(streamArn: string, signal: AbortSignal): Promise<ShardListing>
  /** As `Source.childShards`. */
  childrenOf(streamArn: string, shardId: string, signal: AbortSignal): Promise<ChildListing>
  /** One shard, also one that is not read; undefined if a complete listing lacks it. */
  find(streamArn: string, shardId: string, signal: AbortSignal): Promise<ListedShard | undefined>
  /**
   * Which partition keys a shard gets, also one that is not read. From memory if any listing has shown it, since it never
   * changes; undefined if a new complete listing lacks the shard, too.
   */
  hashRangeOf(streamArn: string, shardId: string, signal: AbortSignal): Promise<HashKeyRange | undefined>
}

const shardsPerPage = 1_000
/** A listing that loses its place this often in a row is given up; the caller's next one may fare better. */
const maxPasses = 10

/** Lists with ListShards. Shards whose ids `shardIds` does not match are treated as if they were not there. */
export function createShardLister(context: KinesisContext, shardIds?: RegExp): ShardLister {
  const known = createKnownShards()
  const isRead = ({ shardId }: ListedShard): boolean => shardIds === undefined || shardIds.test(shardId)

  const listAll = async (streamArn: string, signal: AbortSignal): Promise<FullListing> => {
    const listing = await fullListing(context, streamArn, signal)
    known.remember(streamArn, listing.shards)
    return listing
  }
  const find = async (streamArn: string, shardId: string, signal: AbortSignal): Promise<ListedShard | undefined> =>
    (await listAll(streamArn, signal)).shards.find((shard) => shard.shardId === shardId)

  const shared = createSharedListings(listAll)

  /** Many shards end at one time when a stream changes its size: one listing shows the children of them all. */
  const childrenIn = async (
    streamArn: string,
    shardId: string,
    signal: AbortSignal,
  ): Promise<{ readonly all: readonly ListedShard[]; readonly stream: StreamDescription | undefined }> => {
    const remembered = known.childrenOf(streamArn, shardId)
    if (remembered !== undefined) return { all: remembered, stream: undefined }
    const listing = await shared.get(streamArn, () => known.childrenOf(streamArn, shardId) !== undefined, signal)
    if (listing === undefined) return { all: known.childrenOf(streamArn, shardId) ?? [], stream: undefined }
    const { shards, stream } = listing
    return { all: shards.filter(({ parents }) => parents.includes(shardId)), stream }
  }

  return {
    list: async (streamArn, signal) => {
      const { shards, stream } = await listAll(streamArn, signal)
      return { shards: shards.filter(isRead), status: stream.status === 'CREATING' ? 'ENABLING' : 'ENABLED' }
    },
    childrenOf: async (streamArn, shardId, signal) => {
      const { all, stream } = await childrenIn(streamArn, shardId, signal)
      const children = all.filter(isRead)
      // Where there are none but shards that are left out, nobody need wait for others.
      const isOver = stream?.status === 'DELETING' || (all.length > 0 && children.length === 0)
      return { children, streamStatus: isOver ? 'DISABLED' : 'ENABLED' }
    },
    find,
    hashRangeOf: async (streamArn, shardId, signal) =>
      known.rangeOf(streamArn, shardId) ?? (await find(streamArn, shardId, signal))?.hashRange,
  }
}

interface FullListing {
  readonly shards: readonly ListedShard[]
  readonly stream: StreamDescription
}

/** Every page, and then the stream: a listing counts only if the stream is still the one of the label. */
async function fullListing(context: KinesisContext, streamArn: string, signal: AbortSignal): Promise<FullListing> {
  const shards = await allShards(context, streamArn, signal)
  const now = await lookAtStream(context, streamArn, context.clock.monotonic(), signal)
  if (now.kind === 'gone') throw notFound(streamArn, now.what)
  return { shards, stream: now.description }
}

async function allShards(
  context: KinesisContext,
  streamArn: string,
  signal: AbortSignal,
): Promise<readonly ListedShard[]> {
  for (let pass = 0; pass < maxPasses; pass++) {
    const shards = await onePass(context, streamArn, signal)
    if (shards !== undefined) return shards
    context.emit({ kind: 'listing-restarted', streamArn })
  }
  const what = `The listing of ${streamArn} lost its place ${maxPasses} times in a row`
  throw new TailraceError('AWS_RESPONSE', what, { details: { streamArn } })
}

/** Undefined if the listing lost its place on the way: a token lives for five minutes. */
async function onePass(
  context: KinesisContext,
  streamArn: string,
  signal: AbortSignal,
): Promise<readonly ListedShard[] | undefined> {
  const shards = new Map<string, ListedShard>()
  const tokens = new Set<string>()
  for (let token: string | undefined; ;) {
    const page = await nextPage(context, streamArn, token, signal)
    if (page === undefined) return undefined
    for (const shard of page.shards) shards.set(shard.shardId, shard)
    token = page.nextToken
    if (token === undefined) return [...shards.values()]
    // A token that comes again would page for ever.
    if (tokens.has(token)) return undefined
    tokens.add(token)
  }
}

/** Undefined if the service does not take the token any more. */
async function nextPage(
  context: KinesisContext,
  streamArn: string,
  token: string | undefined,
  signal: AbortSignal,
): Promise<ShardsPage | undefined> {
  // The service refuses a stream beside a token, which says already which stream it is of.
  const start = token === undefined ? { StreamARN: parseStreamLabel(streamArn).arn } : { NextToken: token }
  const request = {
    service: 'kinesis',
    action: 'ListShards',
    body: { ...start, MaxResults: shardsPerPage },
    subject: { streamArn },
    read: (answer: { readonly body: unknown }) => readShardsPage(answer.body),
  } as const
  try {
    return await patientCall({ ...context, api: waitingUntilActive(context.api, streamArn) }, request, signal)
  } catch (error) {
    if (!(error instanceof AwsServiceError)) throw error
    if (error.type === 'ResourceNotFoundException') throw notFound(streamArn, 'the stream no longer exists', error)
    const isRefused = error.type === 'ExpiredNextTokenException' || error.type === 'InvalidArgumentException'
    if (token !== undefined && isRefused) return undefined
    throw error
  }
}

function notFound(streamArn: string, what: string, cause?: unknown): TailraceError {
  return new TailraceError('STREAM_NOT_FOUND', `There is no stream ${streamArn}: ${what}`, {
    cause,
    details: { streamArn },
  })
}

/** A stream that is being made or deleted is busy: that is waited out, until it can be listed or is gone. */
function waitingUntilActive(api: AwsApi, streamArn: string): AwsApi {
  const exchange: AwsApi['exchange'] = async (request, signal) => {
    try {
      return await api.exchange(request, signal)
    } catch (error) {
      if (!(error instanceof AwsServiceError) || error.type !== 'ResourceInUseException') throw error
      const what = `The stream ${streamArn} is being created or deleted; its shards cannot be listed`
      throw new TailraceError('STREAM_NOT_ACTIVE', what, { cause: error, details: { streamArn } })
    }
  }
  return { exchange, call: async (request, signal) => (await exchange(request, signal)).body }
}
