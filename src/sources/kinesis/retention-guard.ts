import { clockDoubtMs } from '../../change/retention.ts'
import { compareSequenceNumbers } from '../../change/sequence-number.ts'
import type { Shard } from '../../change/shard.ts'
import { TailraceError } from '../../errors.ts'
import type { ErrorDetails } from '../../errors.ts'
import type { KinesisContext } from './kinesis-context.ts'
import { findOldestRecord } from './oldest-record.ts'
import type { OldestRecord } from './oldest-record.ts'
import type { RecordPage, RecordPages } from './record-pages.ts'
import { lookAtStream } from './same-stream.ts'
import type { ShardLister } from './shard-lister.ts'
import type { StreamDescription } from './stream-summary.ts'

/** How far a shard was read. */
export interface ReadSoFar {
  /** The position that reading goes on behind, or begins at; undefined if there is none. */
  readonly after: string | undefined
  /**
   * What arrived before this moment stands at or in front of `after`, or is not awaited. Milliseconds. Undefined with a
   * position: nobody knows how old it is. Undefined without one: whatever is left is welcome.
   */
  readonly readUpToMs: number | undefined
}

/** No stream can be told to keep its records for a shorter time. Milliseconds. */
const leastRetentionMs = 24 * 3_600_000

/** Twice a minute a shard that is read makes sure of its stream, by a description that is no older than that itself. */
const lookEveryMs = 30_000

/** What is trimmed so soon after the first look at a shard is not awaited: the trim horizon is close behind its reader. */
const welcomeMs = 3_600_000

/** The moment up to which a shard was surely read once its pages so far, up to this one, have been. Milliseconds. */
export function readUpToOf(page: RecordPage): number {
  return page.requestedAtMs - page.millisBehindLatest
}

/**
 * True if a record that was not read may be older than `retentionMs`, less what clocks may differ by. Kinesis passes over
 * what was trimmed without a word, so nothing else tells.
 */
export function mayLackRecords({ after, readUpToMs }: ReadSoFar, retentionMs: number, nowMs: number): boolean {
  if (readUpToMs === undefined) return after !== undefined
  return nowMs - readUpToMs >= retentionMs - clockDoubtMs
}

/**
 * True if what is left of the shard proves that nothing is missing. What is trimmed goes in the order of the shard: so it
 * was read if the oldest that is left was, or if that arrived before the moment up to which all was read.
 */
export function provesAllThere({ after, readUpToMs }: ReadSoFar, oldest: OldestRecord | undefined): boolean {
  if (oldest === undefined) return false
  if (after !== undefined && compareSequenceNumbers(oldest.sequenceNumber, after) <= 0) return true
  return readUpToMs !== undefined && oldest.arrivedAtMs < readUpToMs - clockDoubtMs
}

/** True if the shard is closed and has nothing behind the position. */
export function isReadToEnd({ after }: ReadSoFar, shard: Shard | undefined): boolean {
  const ending = shard?.endingSequenceNumber
  return after !== undefined && ending !== undefined && compareSequenceNumbers(after, ending) >= 0
}

/** What a guard needs besides the pages. */
export interface GuardedShard {
  /** The stream's label. */
  readonly streamArn: string
  readonly shardId: string
  readonly lister: Pick<ShardLister, 'find'>
  readonly soFar: ReadSoFar
  /** Records of one partition key must stand in one shard: a stream that spreads them is not read. Default: false. */
  readonly needsKeysTogether?: boolean | undefined
}

/** Pages in front of which nothing is missing. */
export interface GuardedPages extends RecordPages {
  /** How far the pages that were handed out reach: what the next reader of the shard should begin with. */
  readonly soFar: ReadSoFar
}

/**
 * The same pages; but `next` throws STREAM_GAP instead of handing out a page in front of which records may be missing,
 * SHARD_NOT_FOUND once the stream is another one of the same name, and DISTRIBUTION_AUTO at the latest half a minute after
 * the stream began to spread the records of a key, where that matters. A page is looked at when it has arrived: what the
 * stream still held then, it held when the page was put together. Asked again, it judges the same page anew.
 */
export function guardPages(context: KinesisContext, shard: GuardedShard, pages: RecordPages): GuardedPages {
  const judge = createJudge(context, shard)
  let soFar = shard.soFar
  let pending: RecordPage | undefined
  return {
    get soFar() {
      return soFar
    },
    next: async (signal) => {
      pending ??= await pages.next(signal)
      const page = pending
      const { after, readUpToMs } = await judge(page, soFar, signal)
      pending = undefined
      soFar = {
        after: page.records.at(-1)?.sequenceNumber ?? after,
        readUpToMs: laterOf(readUpToMs, readUpToOf(page)),
      }
      return page
    },
    close: () => pages.close(),
  }
}

/** Gives what counts as read in front of the page, which is more than before only for a shard of which nothing was. */
type Judge = (page: RecordPage, soFar: ReadSoFar, signal: AbortSignal) => Promise<ReadSoFar>

function createJudge(context: KinesisContext, shard: GuardedShard): Judge {
  const { clock } = context
  let lookedAt: number | undefined

  /** The stream as it is now, if the page is doubtful or the first; otherwise as it was lately, if it is time to look. */
  const look = async (
    soFar: ReadSoFar,
    { isDoubtful, isFirst }: { readonly isDoubtful: boolean; readonly isFirst: boolean },
    signal: AbortSignal,
  ): Promise<StreamDescription | undefined> => {
    const nowAt = clock.monotonic()
    if (!isDoubtful && !isFirst && lookedAt !== undefined && nowAt - lookedAt < lookEveryMs) return undefined
    const asOf = isDoubtful || lookedAt === undefined ? nowAt : nowAt - lookEveryMs
    const now = await lookAtStream(context, shard.streamArn, asOf, signal)
    if (now.kind === 'gone')
      throw lost(shard, soFar, { code: 'SHARD_NOT_FOUND', what: `Records cannot be read: ${now.what}` })
    if (shard.needsKeysTogether === true && now.description.distribution === 'AUTO') throw spread(shard)
    lookedAt = nowAt
    return now.description
  }

  return async (page, soFar, signal) => {
    const isDoubtful = mayLackRecords(soFar, leastRetentionMs, clock.now())
    const isFirst = soFar.after === undefined && page.records.length > 0
    const stream = await look(soFar, { isDoubtful, isFirst }, signal)
    if (stream === undefined) return soFar
    const welcomeUpToMs = page.requestedAtMs - stream.retentionMs + welcomeMs
    if (soFar.after === undefined && soFar.readUpToMs === undefined)
      return { after: undefined, readUpToMs: welcomeUpToMs }
    // What is being changed about a stream it does not say; its retention may be it.
    if (!isDoubtful || (stream.status !== 'UPDATING' && !mayLackRecords(soFar, stream.retentionMs, clock.now())))
      return isFirst ? begun(soFar, welcomeUpToMs) : soFar
    const oldest = await findOldestRecord(context, shard, signal)
    if (provesAllThere(soFar, oldest)) return isFirst ? begun(soFar, welcomeUpToMs) : soFar
    if (isReadToEnd(soFar, await shard.lister.find(shard.streamArn, shard.shardId, signal))) return soFar
    throw gap(shard, soFar, { retentionMs: stream.retentionMs, oldest, nowMs: clock.now() })
  }
}

/**
 * From its first record on a shard is read in order, and what is behind that is awaited, however old it is: that a reader began
 * to await the shard's records lately says nothing of those.
 */
function begun({ after, readUpToMs }: ReadSoFar, welcomeUpToMs: number): ReadSoFar {
  return { after, readUpToMs: readUpToMs === undefined ? welcomeUpToMs : Math.min(readUpToMs, welcomeUpToMs) }
}

/** A page that does not say how far it is from the newest record shows nothing of that. */
function laterOf(knownMs: number | undefined, readUpToMs: number): number | undefined {
  if (!Number.isFinite(readUpToMs)) return knownMs
  return Math.max(knownMs ?? readUpToMs, readUpToMs)
}

function gap(
  shard: GuardedShard,
  soFar: ReadSoFar,
  {
    retentionMs,
    oldest,
    nowMs,
  }: { readonly retentionMs: number; readonly oldest: OldestRecord | undefined; readonly nowMs: number },
): TailraceError {
  const hours = Math.floor(retentionMs / 3_600_000)
  const { readUpToMs } = soFar
  const readText =
    readUpToMs === undefined
      ? 'nobody knows how old the position is'
      : `it was last read up to a moment ${Math.floor((nowMs - readUpToMs) / 3_600_000)} hours ago`
  const what = `Records of the shard may have been trimmed before they were read: the stream keeps them for ${hours} hours, and ${readText}`
  const left = { oldestLeft: oldest?.sequenceNumber, oldestLeftAtMs: oldest?.arrivedAtMs }
  return lost(shard, soFar, { code: 'STREAM_GAP', what, details: { readUpToMs, retentionHours: hours, ...left } })
}

function spread({ streamArn, shardId }: GuardedShard): TailraceError {
  const text = `The stream spreads the records of one partition key over its shards (AUTO), shard ${shardId} of ${streamArn}`
  return new TailraceError('DISTRIBUTION_AUTO', text, { details: { streamArn, shardId } })
}

interface Loss {
  readonly code: 'STREAM_GAP' | 'SHARD_NOT_FOUND'
  readonly what: string
  readonly details?: ErrorDetails
}

function lost(
  { streamArn, shardId }: GuardedShard,
  { after }: ReadSoFar,
  { code, what, details }: Loss,
): TailraceError {
  return new TailraceError(code, `${what} (shard ${shardId} of ${streamArn})`, {
    details: { streamArn, shardId, after, ...details },
  })
}
