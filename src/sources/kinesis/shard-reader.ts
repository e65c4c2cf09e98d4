import type { KinesisRecord } from '../../change/kinesis-record.ts'
import type { Shard, ShardPosition } from '../../change/shard.ts'
import { TailraceError } from '../../errors.ts'
import type { PageMark, ShardPage, ShardReader } from '../source.ts'
import { isMisplaced } from './deaggregate.ts'
import type { PackedRecord } from './deaggregate.ts'
import type { PageStart, RecordPage, RecordPages } from './record-pages.ts'
import { kinesisRecordsOf, packedIn } from './unpack-record.ts'
import type { Unpacking, UnpackedRecord } from './unpack-record.ts'
import { arrivalOf, compareIds } from './repair/arrival.ts'
import type { Arrival } from './repair/arrival.ts'
import type { ShardReaderParts } from './kinesis-source.ts'
import type { HashKeyRange } from './listed-shard.ts'
import type { GuardedPages, ReadSoFar } from './retention-guard.ts'
import { hashKeyOf, isWithin } from './repair/hash-keys.ts'
import { decodeNote, encodeNote, holdsNothingBack } from './repair/reader-notes.ts'
import type { RepairNote } from './repair/reader-notes.ts'
import { createRepairedShard } from './repair/repaired-shard.ts'
import type { RepairedShard, Replay } from './repair/repaired-shard.ts'
import type { RepairCounts, RepairRules } from './repair/repair.ts'
import { createRepairMemory } from './repair/repair-memory.ts'
import type { RepairMemory } from './repair/repair-memory.ts'
import { createUnrepairedShard } from './repair/unrepaired-shard.ts'

/** How a reader of a shard works, whichever the shard. */
export interface ShardReading {
  readonly unpacking: Unpacking
  /** Changes of other tables are handed on as they come. */
  readonly isWanted: (table: string) => boolean
  /** Where a shard begins of which nothing was read; undefined: where its position says. */
  readonly firstOf?: ((shardId: string) => PageStart | undefined) | undefined
  /** Undefined: records are handed out as they come. */
  readonly repair: { readonly rules: RepairRules; readonly memory: RepairMemory } | undefined
  /** Hears what repair has met, page by page. */
  readonly onRepaired: (shardId: string, counts: RepairCounts) => void
}

/** Smaller than every sequence number: nothing of the shard itself was read, though something of its ancestors was handed out. */
const beforeAll = '0'

/** Without repair nobody looks into a record, so nothing is held back or remembered, and rules mean nothing. */
const asTheyCome = { rules: { windowMs: 0, delayMs: 0 }, memory: createRepairMemory(0) }

/** Idle shards renew what they say of the time up to which they were read; nothing else must be committed for them. */
const renewedEveryMs = 10 * 60_000
/** Records that leave nothing to hand out, such as repeats, are noted this often. */
const quietEveryMs = 10_000

/**
 * A reader of one Kinesis shard: what it hands out is in order, item by item, and without repeats, as far as the rules of
 * repair reach. Begins by seeing again what its predecessor remembered, which hands nothing out.
 */
export function createKinesisShardReader(
  reading: ShardReading,
  position: ShardPosition,
  parts: ReaderParts,
): ShardReader {
  return new KinesisShardReader(reading, position, parts)
}

type ReaderParts = Pick<ShardReaderParts, 'openPages' | 'openAgain' | 'hashRangeOf' | 'hasHeirs'> & {
  readonly context: Pick<ShardReaderParts['context'], 'clock'>
}

class KinesisShardReader implements ShardReader {
  readonly #reading: ShardReading
  readonly #parts: ReaderParts
  readonly #position: ShardPosition
  readonly #note: RepairNote | undefined
  #shard: RepairedShard | undefined
  #pages: GuardedPages | undefined
  /** The first new records, which came on one page with old ones. */
  #leftOver: RecordPage | undefined
  #step: number
  #after: string | undefined
  #markedAfter: string | undefined
  #readUpToMs: number | undefined
  /** Time as repair counts it, which ends where the shard does: its children go on from there. */
  #timeMs = 0
  /** What the last page says of the time, if the shard was open then. */
  #tipMs = 0
  #createdAtMs = 0
  #markedAtMs: number
  #isEnded = false
  /** Of shards in which a package was met. */
  readonly #ranges = new Map<string, HashKeyRange | undefined>()

  constructor(reading: ShardReading, position: ShardPosition, parts: ReaderParts) {
    this.#reading = reading
    this.#parts = parts
    this.#position = position
    this.#note = position.note === undefined ? undefined : decodeNote(position.note.text)
    this.#step = position.note?.step ?? 0
    this.#after = position.after === beforeAll ? undefined : position.after
    this.#markedAfter = this.#after
    const notedMs = this.#note?.readUpToMs ?? 0
    this.#readUpToMs = notedMs > 0 ? notedMs : later(position.unreadSinceMs, position.notBeforeMs)
    this.#markedAtMs = parts.context.clock.now()
  }

  async read(signal: AbortSignal): Promise<ShardPage> {
    signal.throwIfAborted()
    const shard = (this.#shard ??= await this.#restore(signal))
    if (this.#isEnded) return this.#endPage()
    const page = this.#leftOver ?? (shard.hasMore ? this.#noPage() : await this.#openPages().next(signal))
    for (const arrival of await this.#arrivals(page, this.#position.shardId, signal)) {
      shard.accept(arrival)
      this.#after = arrival.id
    }
    this.#readUpToMs = this.#pages?.soFar.readUpToMs ?? this.#readUpToMs
    this.#isEnded = page.isEnd && (await this.#prepareEnd(shard, page.children, signal))
    // What is held back may be more than fits one page: then the end comes again.
    this.#leftOver = page.isEnd && !this.#isEnded ? { ...page, records: [] } : undefined
    const records = shard.release(this.#timeAt(page))
    this.#createdAtMs = Math.max(this.#createdAtMs, shard.handedOutMs, records.at(-1)?.arrivedAtMs ?? 0)
    this.#tell(shard.takeCounts())
    const { requestedAtMs, receivedAtMs } = page
    const readUpToMs = this.#readUpToMs
    const isEnd = this.#isEnded
    const bytes = Math.max(page.bytes, bytesOf(records))
    return {
      records,
      bytes,
      isEnd,
      requestedAtMs,
      receivedAtMs,
      readUpToMs,
      mark: this.#mark(shard, records.length, isEnd),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#shard?.close()
    await this.#pages?.close()
  }

  /**
   * A closed shard that was read to its end says that nothing is left, however long ago that end was, and its children may
   * hold what comes next. Whether it is closed, only the page behind its last record tells: so the time of a page counts if
   * something is left behind it, or once the next page is there and is not the end.
   */
  #timeAt(page: RecordPage): number {
    if (!page.isEnd) this.#timeMs = Math.max(this.#timeMs, this.#tipMs)
    this.#tipMs = readUpTo(page) ?? 0
    if (page.millisBehindLatest > 0) this.#timeMs = Math.max(this.#timeMs, this.#tipMs)
    this.#timeMs = Math.max(this.#timeMs, lastArrival(page))
    return this.#timeMs
  }

  /** A number that the service knows: packages are told by their own, not by their parts. */
  get #plainAfter(): string | undefined {
    return this.#after?.split('/')[0]
  }

  get #hasAncestors(): boolean {
    return this.#note === undefined ? this.#position.inherited !== undefined : this.#note.older.length > 0
  }

  get #holdsNothingBack(): boolean {
    const { note, inherited } = this.#position
    return (note === undefined ? Object.values(inherited ?? {}) : [note.text]).every(holdsNothingBack)
  }

  /** Sees again what is remembered. Nothing is kept of an attempt that was cut short. */
  async #restore(signal: AbortSignal): Promise<RepairedShard> {
    const { shardId, inherited } = this.#position
    const { repair } = this.#reading
    const after = this.#after
    // What was held back while order was repaired is still owed once it is not.
    if (repair === undefined && this.#holdsNothingBack) return createUnrepairedShard(after)
    const range = this.#hasAncestors ? await this.#ownRange(signal) : undefined
    const start = { shardId, after, note: this.#note, inherited, range }
    const shard = createRepairedShard(start, (repair ?? asTheyCome).rules, (repair ?? asTheyCome).memory)
    try {
      for (const replay of shard.replays) await this.#replay(replay, signal)
    } catch (error) {
      shard.close()
      throw error
    }
    return shard
  }

  async #replay(replay: Replay, signal: AbortSignal): Promise<void> {
    const isOwn = replay.shardId === this.#position.shardId
    const from = replay.from.split('/')[0] ?? replay.from
    const start: PageStart = { kind: 'at', sequenceNumber: from }
    const own = isOwn ? this.#parts.openPages(start, this.#soFar) : undefined
    const pages = own ?? this.#parts.openAgain(replay.shardId, start)
    let isKept = false
    try {
      for (;;) {
        const page = await pages.next(signal)
        const arrivals = await this.#arrivals(page, replay.shardId, signal)
        const old = arrivals.filter(({ id }) => compareIds(id, replay.through) <= 0)
        old.filter(({ id }) => compareIds(id, replay.from) >= 0).forEach(replay.see)
        const isAtTip = arrivals.length === 0 && page.millisBehindLatest === 0
        const isPast = old.length < arrivals.length || arrivals.at(-1)?.id === replay.through
        if (!page.isEnd && !isAtTip && !isPast) continue
        if (!replay.isWhole) throw this.#lost(replay)
        if (own === undefined) return
        isKept = true
        this.#pages = own
        this.#leftOver = {
          ...page,
          records: page.records.slice(page.records.length - newRecords(page, replay.through)),
        }
        return
      }
    } catch (error) {
      const isGone = error instanceof TailraceError && error.code === 'SHARD_NOT_FOUND'
      if (!isGone || isOwn) throw error
      // What is forgotten of an ancestor costs memory of repeats, what was held back would be lost.
      if (!replay.isWhole) throw this.#lost(replay, error)
    } finally {
      if (!isKept) await pages.close()
    }
  }

  #lost({ shardId }: Replay, cause?: Error): TailraceError {
    const text = `Changes of shard ${shardId} that were held back to be put in order were trimmed before they were delivered`
    return new TailraceError('STREAM_GAP', text, {
      ...(cause === undefined ? {} : { cause }),
      details: { shardId, streamArn: this.#position.streamArn, after: this.#after },
    })
  }

  /** How far was read when this reader began. */
  get #soFar(): ReadSoFar {
    return { after: this.#plainAfter, readUpToMs: this.#readUpToMs }
  }

  async #ownRange(signal: AbortSignal): Promise<HashKeyRange> {
    const { shardId, streamArn } = this.#position
    const range = await this.#parts.hashRangeOf(shardId, signal)
    if (range !== undefined) return range
    const text = `The stream has no shard ${shardId} any more, so it is not known which keys were its own`
    throw new TailraceError('SHARD_NOT_FOUND', text, { details: { shardId, streamArn, after: this.#after } })
  }

  #openPages(): RecordPages {
    if (this.#pages !== undefined) return this.#pages
    const { notBeforeMs, inherited } = this.#position
    const after = this.#plainAfter
    const configured = inherited === undefined ? this.#reading.firstOf?.(this.#position.shardId) : undefined
    const oldest: PageStart =
      notBeforeMs === undefined || inherited !== undefined ? { kind: 'oldest' } : { kind: 'time', atMs: notBeforeMs }
    const start: PageStart = after === undefined ? (configured ?? oldest) : { kind: 'after', sequenceNumber: after }
    const isNumbered = start.kind === 'at' || start.kind === 'after'
    const soFar = isNumbered ? { ...this.#soFar, after: start.sequenceNumber } : this.#soFar
    this.#pages = this.#parts.openPages(start, soFar)
    return this.#pages
  }

  async #arrivals(page: RecordPage, shardId: string, signal: AbortSignal): Promise<readonly Arrival[]> {
    const { unpacking, isWanted, repair } = this.#reading
    const unpacked: UnpackedRecord[] = []
    for (const plain of page.records) {
      const packed = packedIn(plain, shardId, unpacking)
      if (packed === undefined) unpacked.push({ plain, packed })
      else if (!(await this.#isMisplaced(packed, shardId, signal)))
        packed.forEach((record, place) => unpacked.push({ plain, packed: { record, place } }))
    }
    return kinesisRecordsOf(unpacked, unpacking).map((record) => {
      const change = repair === undefined ? undefined : record.glance
      return arrivalOf(record, change !== undefined && isWanted(change.tableName) ? change : undefined)
    })
  }

  /** A shard that no listing has any more cannot be asked: its packages are taken as they are, since nothing may be lost. */
  async #isMisplaced(packed: readonly PackedRecord[], shardId: string, signal: AbortSignal): Promise<boolean> {
    if (!this.#ranges.has(shardId)) this.#ranges.set(shardId, await this.#parts.hashRangeOf(shardId, signal))
    const range = this.#ranges.get(shardId)
    return range !== undefined && isMisplaced(packed, range)
  }

  /** What is held back goes on with the child that gets the item's next changes. */
  async #prepareEnd(
    shard: RepairedShard,
    children: readonly Shard[] | undefined,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (this.#reading.repair === undefined) return true
    if (!(await this.#parts.hasHeirs(this.#position.shardId, children, signal))) return shard.letGo(() => true)
    const range = await this.#ownRange(signal)
    // With a hash key of its own a record does not say by its partition key which child goes on with it.
    return shard.letGo(({ partitionKey }) => !isWithin(hashKeyOf(partitionKey), range))
  }

  #mark(shard: RepairedShard, records: number, isEnd: boolean): PageMark | undefined {
    const after = this.#after
    // A shard that ends empty hands on what it has inherited.
    const isHandingOn = isEnd && this.#hasAncestors
    if (after === undefined && records === 0 && !isHandingOn) return undefined
    const nowMs = this.#parts.context.clock.now()
    const quietMs = after === this.#markedAfter ? renewedEveryMs : quietEveryMs
    if (records === 0 && !isEnd && nowMs - this.#markedAtMs < quietMs) return undefined
    this.#markedAtMs = nowMs
    this.#markedAfter = after
    this.#step++
    const createdAtMs = this.#createdAtMs === 0 ? undefined : this.#createdAtMs
    const text = encodeNote(shard.note(this.#readUpToMs ?? 0))
    return { after: this.#plainAfter ?? beforeAll, createdAtMs, note: { step: this.#step, text } }
  }

  #tell(counts: RepairCounts): void {
    if (Object.values(counts).some((count: number) => count > 0))
      this.#reading.onRepaired(this.#position.shardId, counts)
  }

  /** What is due is handed out without waiting for what comes next. */
  #noPage(): RecordPage {
    const now = this.#parts.context.clock.now()
    const empty = { records: [], bytes: 0, isEnd: false, children: undefined }
    return { ...empty, requestedAtMs: now, receivedAtMs: now, millisBehindLatest: Infinity }
  }

  #endPage(): ShardPage {
    const now = this.#parts.context.clock.now()
    return { records: [], bytes: 0, isEnd: true, requestedAtMs: now, receivedAtMs: now }
  }
}

function bytesOf(records: readonly KinesisRecord[]): number {
  return records.reduce((sum, { data }) => sum + data.length, 0)
}

function readUpTo({ requestedAtMs, millisBehindLatest }: RecordPage): number | undefined {
  return Number.isFinite(millisBehindLatest) ? requestedAtMs - millisBehindLatest : undefined
}

function lastArrival({ records }: RecordPage): number {
  return records.at(-1)?.arrivedAtMs ?? 0
}

function newRecords({ records }: RecordPage, through: string): number {
  const last = through.split('/')[0] ?? through
  return records.filter(({ sequenceNumber }) => compareIds(sequenceNumber, last) > 0).length
}

function later(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return Math.max(a, b)
}
