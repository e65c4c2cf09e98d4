import type { Clock } from '../../async/clock.ts'
import { compareSequenceNumbers } from '../../change/sequence-number.ts'
import type { Shard } from '../../change/shard.ts'
import { TailraceError } from '../../errors.ts'
import type { ShardPage, Source } from '../../sources/source.ts'

/**
 * What the source says of a position: it is there; what follows on it was trimmed; it lies in front of the shard's first change;
 * behind the newest one; or nobody can tell in a few seconds.
 */
export type Sighting = 'there' | 'trimmed' | 'before' | 'beyond' | 'unknown'

/** A position that is to be looked at, and how far its shard was delivered. */
export interface SightedPosition {
  readonly streamArn: string
  readonly shardId: string
  readonly after: string
  readonly delivered: string | undefined
}

/** Asks the source about positions. */
export interface PositionSight {
  look(position: SightedPosition, signal: AbortSignal): Promise<Sighting>
}

/** Pages that are read behind what was delivered, to find a position that lies ahead. */
const maxPages = 50
/** Empty pages in a row after which a shard has nothing more. */
const enoughEmpty = 3

/** Reads a page or some, and delivers nothing. */
export function createPositionSight(source: Pick<Source, 'listShards' | 'openShard'>, clock: Clock): PositionSight {
  const listings = new Map<string, Promise<ReadonlyMap<string, Shard>>>()
  const listed = async (streamArn: string, signal: AbortSignal): Promise<ReadonlyMap<string, Shard>> => {
    const { shards } = await source.listShards(streamArn, signal)
    return new Map(shards.map((shard) => [shard.shardId, shard]))
  }
  return {
    look: async (position, signal) => {
      const { streamArn, shardId, after, delivered } = position
      const listing = listings.get(streamArn) ?? listed(streamArn, signal)
      listings.set(streamArn, listing)
      const shard = (await listing).get(shardId)
      if (shard === undefined) return 'trimmed'
      const { startingSequenceNumber: first, endingSequenceNumber: last } = shard
      if (first !== undefined && compareSequenceNumbers(after, first) < 0) return 'before'
      if (last !== undefined && compareSequenceNumbers(after, last) > 0) return 'beyond'
      const isBehind = delivered !== undefined && compareSequenceNumbers(after, delivered) <= 0
      const isKnown = isBehind || last !== undefined
      const bounds = { after: isKnown ? after : delivered, upTo: isKnown ? undefined : after }
      return walk(source, { streamArn, shardId, ...bounds }, { clock, signal })
    },
  }
}

/** Reads on behind `after` until something stands at or behind `upTo`; undefined: whether a page can be read is enough. */
async function walk(
  source: Pick<Source, 'openShard'>,
  from: {
    readonly streamArn: string
    readonly shardId: string
    readonly after: string | undefined
    readonly upTo: string | undefined
  },
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Sighting> {
  const { streamArn, shardId, after, upTo } = from
  const reader = source.openShard({ streamArn, shardId, after })
  const until = clock.monotonic() + 10_000
  let empty = 0
  try {
    for (let pages = 0; pages < maxPages && clock.monotonic() < until; pages++) {
      const page = await reader.read(signal)
      if (upTo === undefined) return 'there'
      const newest = newestOf(page)
      if (newest !== undefined && compareSequenceNumbers(newest, upTo) >= 0) return 'there'
      empty = page.records.length === 0 ? empty + 1 : 0
      if (page.isEnd || empty >= enoughEmpty) return 'beyond'
    }
    return 'unknown'
  } catch (error) {
    if (!(error instanceof TailraceError) || (error.code !== 'STREAM_GAP' && error.code !== 'SHARD_NOT_FOUND'))
      throw error
    return 'trimmed'
  } finally {
    await reader[Symbol.asyncDispose]?.()
  }
}

/** Of pages without marks, as those of DynamoDB Streams are, the last record tells. */
function newestOf({ mark, records }: ShardPage): string | undefined {
  if (mark !== undefined) return mark.after
  const last = records.at(-1) as { readonly dynamodb?: { readonly SequenceNumber?: unknown } } | undefined
  const number = last?.dynamodb?.SequenceNumber
  return typeof number === 'string' ? number : undefined
}
