import { retentionOf } from '../change/retention.ts'
import type { ByteShare } from '../async/byte-budget.ts'
import type { Shard } from '../change/shard.ts'
import type { TailraceError } from '../errors.ts'
import { shardsToRead } from '../lanes/hand-over.ts'
import { shardKey } from '../lanes/lane-state.ts'
import type { LaneState, ShardState } from '../lanes/lane-state.ts'
import { isResting } from '../lanes/table-rest.ts'
import type { TableEntry, TableStatus } from '../lanes/ledger-entry.ts'
import type { ShardPage } from '../sources/source.ts'
import type { LaneEnvironment } from './lane-environment.ts'
import type { PipelineEvent, ShardName, StandingTable } from './pipeline-event.ts'
import { createShardFeed } from './shard-feed.ts'
import type { ShardFeed } from './shard-feed.ts'

/** The feeds of all shards that a lane reads now. */
export interface LaneFeeds extends AsyncDisposable {
  /** Opens and closes feeds after the lane's state. Closing waits until the feed's request has ended. */
  sync(state: LaneState): Promise<void>
  /**
   * No shard of the table is read until its entry has a greater version than `version`; then each is opened anew from its
   * committed position, because its feed may have run past the change that could not be delivered.
   */
  haltTable(tableArn: string, version: number): void
  /** What is here, fairly over shards, up to the bounds of a transaction. */
  takeBatch(): FeedBatch
  /** How often shards were opened and closed, once each open shard of the table has been read from; undefined before. */
  readingsOf(tableArn: string): number | undefined
  /** The moment with which an open shard was last caught up, by all that was taken; see `ShardFeed.caughtUpAtMs`. */
  caughtUpAt(shard: Pick<ShardState, 'streamArn' | 'shardId'>): number | undefined
  /** Shards that have shown nothing since they were opened, by key, and up to when. */
  emptyReadings(): readonly EmptyReading[]
}

/** A shard was read and nothing was there. */
export interface EmptyReading {
  readonly key: string
  readonly generation: number
  /** What was written before this moment cannot be unread. Milliseconds, wall clock. */
  readonly readUpToMs: number
}

/** What feeds yielded for one transaction. Of one shard either pages, or its end, or its failure. */
export interface FeedBatch {
  readonly pages: readonly FeedPage[]
  readonly ends: readonly FeedEnd[]
  readonly failures: readonly { readonly key: string; readonly error: TailraceError }[]
}

/** The end of a shard in a batch; see FeedItem. */
export interface FeedEnd {
  readonly key: string
  readonly children: readonly Shard[]
  readonly readUpToMs: number | undefined
}

/** A page in a batch. */
export interface FeedPage {
  readonly key: string
  readonly share: ByteShare
  /** Hands the page out, once. Parsed records are large and must not stay for as long as their transaction takes. */
  takePage(): ShardPage | undefined
}

interface OpenFeed {
  readonly name: ShardName
  readonly tableArn: string
  readonly generation: number
  readonly feed: ShardFeed
  /** An end or a failure that came behind pages of the same batch; it is handed out with the next one. */
  held: ReturnType<ShardFeed['take']>
  /** It has run ahead of what will be committed; it must be opened anew before anything more of it is taken. */
  isSpent: boolean
  /** A page of it was read, with or without records. */
  hasBeenRead: boolean
  /** As it was when it could last be told. */
  caughtUpAtMs: number | undefined
}

/** Of a table that is drained, the old stream. */
const readStatuses: ReadonlySet<TableStatus['kind']> = new Set(['streaming', 'draining'])

export function createLaneFeeds(lane: number, environment: LaneEnvironment, onReady: () => void): LaneFeeds {
  const feeds = new Map<string, OpenFeed>()
  const halted = new Map<string, number>()
  let turn = 0
  let openings = 0

  const isReadable = (shard: ShardState, state: LaneState): boolean => {
    const table = state.tables.get(shard.tableArn)
    if (table === undefined || isResting(table) || !readStatuses.has(table.status.kind)) return false
    return table.version > (halted.get(shard.tableArn) ?? 0)
  }
  const close = async (key: string): Promise<void> => {
    const open = feeds.get(key)
    feeds.delete(key)
    if (open === undefined) return
    openings++
    await open.feed[Symbol.asyncDispose]()
    environment.onEvent({ kind: 'shard-closed', shard: open.name })
  }
  return {
    sync: async (state) => {
      const { lanes } = environment.identity
      const mine = shardsToRead(state, { lane, lanes, nowMs: 0 })
      const readable = mine.filter((shard) => isReadable(shard, state))
      const wanted = new Map(readable.map((shard) => [shardKey(shard.streamArn, shard.shardId), shard]))
      const gone = [...feeds].filter(([key, open]) => open.isSpent || wanted.get(key)?.generation !== open.generation)
      await Promise.all(gone.map(([key]) => close(key)))
      for (const [key, shard] of wanted) {
        if (feeds.has(key)) continue
        feeds.set(key, openFeed({ lane, shard, state, environment, onReady }))
        openings++
      }
      const isHalted = (shard: ShardState): boolean => !wanted.has(shardKey(shard.streamArn, shard.shardId))
      const halted = mine.filter((shard) => isHalted(shard) && isAwaited(shard, state))
      environment.onEvent({ kind: 'lane-surveyed', lane, ...survey(lane, state, halted) })
    },
    haltTable: (tableArn, version) => {
      halted.set(tableArn, version)
      for (const open of feeds.values()) if (open.tableArn === tableArn) open.isSpent = true
    },
    takeBatch: () => {
      turn++
      const live = [...feeds].filter(([, open]) => !open.isSpent)
      return takeBatch(rotate(live, turn), environment)
    },
    readingsOf: (tableArn) => {
      const unread = [...feeds.values()].some(
        (open) => open.tableArn === tableArn && (open.isSpent || !open.hasBeenRead),
      )
      return unread ? undefined : openings
    },
    emptyReadings: () =>
      [...feeds].flatMap(([key, { feed, generation, isSpent }]) => {
        const readUpToMs = isSpent ? undefined : feed.emptyUpToMs
        return readUpToMs === undefined ? [] : [{ key, generation, readUpToMs }]
      }),
    caughtUpAt: ({ streamArn, shardId }) => caughtUpAt(feeds.get(shardKey(streamArn, shardId))),
    [Symbol.asyncDispose]: async () => void (await Promise.all([...feeds.keys()].map(close))),
  }
}

/** Of a retired table nobody waits for more. */
function isAwaited({ tableArn }: ShardState, state: LaneState): boolean {
  return state.tables.get(tableArn)?.status.kind !== 'retired'
}

function caughtUpAt(open: OpenFeed | undefined): number | undefined {
  if (open !== undefined && !open.isSpent && open.held === undefined)
    open.caughtUpAtMs = open.feed.caughtUpAtMs ?? open.caughtUpAtMs
  return open?.caughtUpAtMs
}

function survey(
  lane: number,
  state: LaneState,
  halted: readonly ShardState[],
): Omit<Extract<PipelineEvent, { readonly kind: 'lane-surveyed' }>, 'kind' | 'lane'> {
  const all = [...state.shards.values()]
  const tables = [...state.tables.values()]
  const count = (status: ShardState['status']): number => all.filter((shard) => shard.status === status).length
  return {
    waiting: count('waiting'),
    open: count('open'),
    ended: count('end'),
    halted: halted.map((shard) => ({
      shard: nameOf(lane, shard, state),
      sinceMs: shard.sinceMs,
      retentionMs: retentionIn(state, shard),
    })),
    standing: tables.filter((entry) => !isReplacedInName(entry, tables)).flatMap(standingOf),
    snapshots: tables.flatMap(({ table: { name }, snapshot }) => {
      if (snapshot === undefined) return []
      const { state: now, beganAtMs, endedAtMs } = snapshot
      return [{ table: name, state: now, beganAtMs, endedAtMs }]
    }),
  }
}

/** What is shown goes by names: a table that nobody waits for must not speak for one that is read, perhaps in another process. */
function isReplacedInName({ table, status }: TableEntry, tables: readonly TableEntry[]): boolean {
  if (status.kind !== 'retired') return false
  return tables.some((other) => other.table.name === table.name && other.status.kind !== 'retired')
}

function standingOf({ table: { name, arn }, status }: TableEntry): readonly StandingTable[] {
  if (status.kind === 'streaming') return []
  const code = 'code' in status ? status.code : undefined
  const reason = 'reason' in status ? status.reason : undefined
  return [{ table: name, arn, status: status.kind, code, reason }]
}

function nameOf(lane: number, shard: ShardState, state: LaneState): ShardName {
  const table = state.tables.get(shard.tableArn)?.table.name ?? shard.tableArn
  return { lane, table, arn: shard.tableArn, shardId: shard.shardId }
}

function retentionIn(state: LaneState, shard: ShardState): number {
  return retentionOf(state.tables.get(shard.tableArn)?.table)
}

function openFeed(parts: {
  readonly lane: number
  readonly shard: ShardState
  readonly state: LaneState
  readonly environment: LaneEnvironment
  readonly onReady: () => void
}): OpenFeed {
  const { shard, environment } = parts
  const name = nameOf(parts.lane, shard, parts.state)
  environment.onEvent({
    kind: 'shard-opened',
    shard: name,
    after: shard.after,
    sinceMs: shard.sinceMs,
    retentionMs: retentionIn(parts.state, shard),
  })
  const onPage = (page: ShardPage): void => {
    open.hasBeenRead = true
    environment.onEvent({
      kind: 'page-read',
      shard: name,
      records: page.records.length,
      bytes: page.bytes,
      tookMs: page.receivedAtMs - page.requestedAtMs,
      readUpToMs: page.readUpToMs,
    })
  }
  const feed = createShardFeed({
    source: environment.source,
    position: {
      streamArn: shard.streamArn,
      shardId: shard.shardId,
      after: shard.after,
      unreadSinceMs: shard.begunAtMs,
      notBeforeMs: shard.notBeforeMs,
      note: shard.note,
      inherited: shard.inherited,
    },
    budget: environment.budget,
    clock: environment.clock,
    rng: environment.rng,
    readAheadPages: environment.tuning.readAheadPages,
    onReady: parts.onReady,
    onPage,
    onAwaitingChildren: (attempts) => environment.onEvent({ kind: 'shard-awaits-children', shard: name, attempts }),
  })
  const open: OpenFeed = {
    name,
    tableArn: shard.tableArn,
    generation: shard.generation,
    feed,
    held: undefined,
    isSpent: false,
    hasBeenRead: false,
    caughtUpAtMs: undefined,
  }
  return open
}

/** One page of each shard in turn, until nothing is ready or the transaction is full. */
function takeBatch(feeds: readonly (readonly [string, OpenFeed])[], environment: LaneEnvironment): FeedBatch {
  const { maxTransactionBytes, maxTransactionRecords } = environment.tuning
  const pages: FeedBatch['pages'][number][] = []
  const ends: FeedBatch['ends'][number][] = []
  const failures: FeedBatch['failures'][number][] = []
  const withPages = new Set<string>()
  const taken = { records: 0, bytes: 0 }
  const isFull = (): boolean => taken.records >= maxTransactionRecords || taken.bytes >= maxTransactionBytes
  const takeOne = (key: string, open: OpenFeed): boolean => {
    const item = open.held ?? open.feed.take()
    open.held = undefined
    if (item === undefined) return false
    if (item.kind === 'page') {
      withPages.add(key)
      pages.push(feedPage(key, item))
      taken.records += item.page.records.length
      taken.bytes += item.page.bytes
      return true
    }
    if (withPages.has(key)) open.held = item
    else if (item.kind === 'end') ends.push({ key, children: item.children, readUpToMs: item.readUpToMs })
    else failures.push({ key, error: item.error })
    return false
  }
  let ready = feeds
  while (ready.length > 0 && !isFull()) {
    ready = ready.filter(([key, open]) => takeOne(key, open))
  }
  return { pages, ends, failures }
}

function feedPage(key: string, item: { readonly page: ShardPage; readonly share: ByteShare }): FeedPage {
  let page: ShardPage | undefined = item.page
  return {
    key,
    share: item.share,
    takePage: () => {
      const taken = page
      page = undefined
      return taken
    },
  }
}

function rotate<T>(items: readonly T[], by: number): readonly T[] {
  const start = items.length === 0 ? 0 : by % items.length
  return [...items.slice(start), ...items.slice(0, start)]
}
