import type { ReaderNote } from '../change/shard.ts'
import { compareSequenceNumbers } from '../change/sequence-number.ts'
import { ledgerKey } from './ledger-codec.ts'
import type { LedgerRecord } from './ledger-codec.ts'
import type {
  AnswerEntry,
  AtEntry,
  BaselineEntry,
  BeginEntry,
  IdentityEntry,
  LedgerEntry,
  ReportEntry,
  RequestEntry,
  ScanEntry,
  SignalEntry,
  SkippedEntry,
  StopEntry,
  TableEntry,
  WayEntry,
  TopicEntry,
} from './ledger-entry.ts'

/** Life of a shard in one lane: it waits for its parents, is read, and ends here or moves to another lane. */
export type ShardStatus = 'waiting' | 'open' | 'moved' | 'end'

/** What a lane knows of one shard. Owned by the fold; readers must not keep it across a fold. */
export interface ShardState {
  readonly tableArn: string
  readonly streamArn: string
  readonly shardId: string
  readonly generation: number
  readonly status: ShardStatus
  readonly after: string | undefined
  /** Creation time of the change at `after`; for people and metrics. */
  readonly createdAtMs: number | undefined
  readonly notBeforeMs: number | undefined
  readonly endedParents: ReadonlySet<string>
  readonly parents: readonly string[]
  /** What is unread was created after this moment, as far as the ledger knows; for people and metrics. */
  readonly sinceMs: number | undefined
  /** Since when changes are awaited here, or, once it has ended, of its children; see BeginEntry. Undefined = unknown. */
  readonly begunAtMs: number | undefined
  /** What its reader left at `after`. */
  readonly note: ReaderNote | undefined
  /** What the readers of its ended parents left, by the parents' ids. */
  readonly inherited: Readonly<Record<string, string>> | undefined
  /** The newest `at`, for people and metrics. */
  readonly at: AtEntry | undefined
}

/** The folded state of one ledger partition. */
export interface LaneState {
  readonly identity: IdentityEntry | undefined
  /** Undefined in the ledger of a pipeline that has only ever been its workers'. */
  readonly way: WayEntry | undefined
  /** Of lane 0: what the last look for tables left out. Undefined if nothing ever was. */
  readonly skipped: SkippedEntry | undefined
  readonly tables: ReadonlyMap<string, TableEntry>
  readonly shards: ReadonlyMap<string, ShardState>
  readonly stops: ReadonlyMap<string, StopEntry>
  readonly answers: ReadonlyMap<string, AnswerEntry>
  readonly scans: ReadonlyMap<string, ScanEntry>
  readonly reports: ReadonlyMap<string, ReportEntry>
  readonly requests: ReadonlyMap<string, RequestEntry>
  readonly baselines: ReadonlyMap<string, BaselineEntry>
  readonly signals: ReadonlyMap<string, SignalEntry>
  /** By {@link topicKey}. */
  readonly topics: ReadonlyMap<string, TopicEntry>
}

/** A lane's state that takes further records. */
export interface LaneFold {
  readonly state: LaneState
  /** True if the record changed the state. Order does not matter: of two entries the greater one stays. */
  apply(record: LedgerRecord): boolean
}

/** Name of a shard within a lane's state. */
export function shardKey(streamArn: string, shardId: string): string {
  return `${streamArn}/${shardId}`
}

/** Name of a topic that records of a table go to within a lane's state. */
export function topicKey({ tableArn, topic }: Pick<TopicEntry, 'tableArn' | 'topic'>): string {
  return `${tableArn} ${topic}`
}

const rank: Readonly<Record<ShardStatus, number>> = { waiting: 0, open: 1, moved: 2, end: 3 }

/**
 * The fold of a ledger partition is a join: for one shard the greater of two entries by (generation, waiting < open <
 * moved < end, sequence number) wins; of two tables, two ways, and two lists of what is skipped, the greater version; of two identities the greater
 * epoch. So late tails, own entries that are read back, and compaction change nothing. For a topic see {@link compareTopics}.
 */
export function createLaneFold(): LaneFold {
  const maps = emptyMaps()
  const state: FoldedState = { ...maps, identity: undefined, way: undefined, skipped: undefined }

  const put = <T extends LedgerEntry>(into: Map<string, T>, entry: T, isGreater: (old: T) => boolean): boolean => {
    const key = entry.kind === 'table' ? entry.table.arn : ledgerKey(entry)
    const old = into.get(key)
    if (old !== undefined && !isGreater(old)) return false
    into.set(key, entry)
    return true
  }
  const applyEntry = (entry: LedgerEntry): boolean => {
    switch (entry.kind) {
      case 'identity':
        if (state.identity !== undefined && state.identity.epoch >= entry.epoch) return false
        state.identity = entry
        return true
      case 'way':
        if (state.way !== undefined && state.way.version >= entry.version) return false
        state.way = entry
        return true
      case 'skipped':
        if (state.skipped !== undefined && state.skipped.version >= entry.version) return false
        state.skipped = entry
        return true
      case 'table':
        return put(maps.tables, entry, (old) => entry.version > old.version)
      case 'begin':
      case 'at':
        return applyToShard(maps.shards, entry)
      case 'stop':
        return put(maps.stops, entry, (old) => entry.tableVersion > old.tableVersion)
      case 'answer':
        return put(maps.answers, entry, () => false)
      case 'scan':
        return put(maps.scans, entry, (old) => entry.pages > old.pages)
      case 'report':
        return put(maps.reports, entry, () => false)
      case 'request':
        return put(maps.requests, entry, () => false)
      case 'baseline':
        return put(maps.baselines, entry, () => false)
      case 'signal':
        return put(maps.signals, entry, (old) => isFurther(entry, old))
      case 'topic':
        return applyToTopic(maps.topics, entry)
    }
  }

  return {
    state,
    apply: (record) => (record.kind === 'entry' ? applyEntry(record.entry) : forget(record.key, maps)),
  }
}

function isFurther(a: SignalEntry, b: SignalEntry): boolean {
  return a.generation === b.generation ? a.next > b.next : a.generation > b.generation
}

/** What several lanes say of a topic is one thing in the end, whoever said it. */
function applyToTopic(topics: Map<string, TopicEntry>, entry: TopicEntry): boolean {
  const key = topicKey(entry)
  const old = topics.get(key)
  if (old !== undefined && compareTopics(entry, old) <= 0) return false
  topics.set(key, entry)
  return true
}

/**
 * The order of the join of two entries of a topic: the greater version; then the fewer partitions, since topics only gain some,
 * so that the earlier sight counts; then anything that does not depend on the order of reading.
 */
export function compareTopics(a: TopicEntry, b: TopicEntry): number {
  if (a.version !== b.version) return a.version - b.version
  if (a.partitions !== b.partitions) return b.partitions - a.partitions
  const [idA, idB] = [a.topicId ?? '', b.topicId ?? '']
  if (idA !== idB) return idA > idB ? 1 : -1
  return a.writer - b.writer
}

function applyToShard(shards: Map<string, ShardState>, entry: BeginEntry | AtEntry): boolean {
  const key = shardKey(entry.streamArn, entry.shardId)
  const old = shards.get(key)
  const joined = entry.kind === 'begin' ? joinBegin(old, entry) : joinAt(old, entry)
  if (joined === old || joined === undefined) return false
  shards.set(key, joined)
  return true
}

/** A newer generation starts over; of the same generation only a waiting shard learns of one more ended parent. */
function joinBegin(old: ShardState | undefined, begin: BeginEntry): ShardState | undefined {
  if (old !== undefined && begin.generation < old.generation) return old
  if (old !== undefined && begin.generation === old.generation && old.status !== 'waiting') {
    // An `at` that was read before its `begin` does not know where dropping ends.
    const notBeforeMs = old.notBeforeMs ?? begin.notBeforeMs
    const sinceMs = later(old.sinceMs, begin.sinceMs)
    const joined = withBegun(old, begin)
    const inherited = both(old.inherited, begin.inherited)
    const isSame = notBeforeMs === old.notBeforeMs && sinceMs === old.sinceMs && inherited === old.inherited
    return isSame ? joined : { ...joined, notBeforeMs, sinceMs, inherited }
  }
  const isNewer = old === undefined || begin.generation > old.generation
  const known = isNewer ? new Set<string>() : old.endedParents
  const endedParents = new Set([...known, ...(begin.parent === undefined ? [] : [begin.parent])])
  const isOpen = begin.parents.every((parent) => endedParents.has(parent))
  if (!isNewer && !isOpen && endedParents.size === known.size) return withBegun(old, begin)
  return {
    tableArn: begin.tableArn,
    streamArn: begin.streamArn,
    shardId: begin.shardId,
    generation: begin.generation,
    status: isOpen ? 'open' : 'waiting',
    after: begin.after,
    createdAtMs: isNewer ? begin.createdAtMs : old.createdAtMs,
    notBeforeMs: begin.notBeforeMs,
    sinceMs: isNewer ? begin.sinceMs : later(old.sinceMs, begin.sinceMs),
    begunAtMs: isNewer ? begin.begunAtMs : later(old.begunAtMs, begin.begunAtMs),
    note: begin.note,
    inherited: isNewer ? begin.inherited : both(old.inherited, begin.inherited),
    endedParents,
    // A move names no parents, since none has to be waited for any more; they are kept for lineage and for forgetting.
    parents: begin.parents.length > 0 ? begin.parents : (old?.parents ?? []),
    at: old?.at,
  }
}

function joinAt(old: ShardState | undefined, at: AtEntry): ShardState | undefined {
  if (old !== undefined && compareProgress(at, old) <= 0) return withBegun(old, at)
  return {
    tableArn: at.tableArn,
    streamArn: at.streamArn,
    shardId: at.shardId,
    generation: at.generation,
    status: at.status,
    after: at.after,
    createdAtMs: at.createdAtMs,
    notBeforeMs: old?.notBeforeMs,
    sinceMs: old?.generation === at.generation ? later(old.sinceMs, at.createdAtMs) : at.createdAtMs,
    begunAtMs: old?.generation === at.generation ? later(old.begunAtMs, at.begunAtMs) : at.begunAtMs,
    note: at.note,
    inherited: old?.generation === at.generation ? old.inherited : undefined,
    endedParents: old?.endedParents ?? new Set(),
    parents: old?.parents ?? [],
    at,
  }
}

/** Of one generation the latest moment stays; a shard that is read and shows nothing has no other progress. */
function withBegun(old: ShardState, entry: BeginEntry | AtEntry): ShardState {
  if (entry.generation !== old.generation) return old
  const begunAtMs = later(old.begunAtMs, entry.begunAtMs)
  return begunAtMs === old.begunAtMs ? old : { ...old, begunAtMs }
}

function both(a: ShardState['inherited'], b: ShardState['inherited']): ShardState['inherited'] {
  if (a === undefined || b === undefined) return a ?? b
  return Object.keys(b).every((parent) => Object.hasOwn(a, parent)) ? a : { ...a, ...b }
}

/** A child is younger than each of its parents; undefined is what nobody knows. */
function later(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || (b !== undefined && b > a) ? b : a
}

/** The order of the join, of two things that are known of one shard: negative, zero or positive. */
export function compareProgress(a: Progress, b: Progress): number {
  if (a.generation !== b.generation) return a.generation - b.generation
  if (a.status !== b.status) return rank[a.status] - rank[b.status]
  const positions = comparePositions(a.after, b.after)
  return positions === 0 ? (a.note?.step ?? 0) - (b.note?.step ?? 0) : positions
}

type Progress = Pick<ShardState, 'generation' | 'status' | 'after'> & { readonly note?: ReaderNote | undefined }

/** Numeric order of positions; the trim horizon (undefined) is the smallest. */
function comparePositions(a: string | undefined, b: string | undefined): number {
  if (a === undefined) return b === undefined ? 0 : -1
  return b === undefined ? 1 : compareSequenceNumbers(a, b)
}

interface FoldedMaps {
  readonly shards: Map<string, ShardState>
  readonly stops: Map<string, StopEntry>
  readonly answers: Map<string, AnswerEntry>
  readonly scans: Map<string, ScanEntry>
  readonly reports: Map<string, ReportEntry>
  readonly requests: Map<string, RequestEntry>
  readonly baselines: Map<string, BaselineEntry>
  readonly signals: Map<string, SignalEntry>
  readonly topics: Map<string, TopicEntry>
  readonly tables: Map<string, TableEntry>
}

/** The state as the fold writes it. */
interface FoldedState extends FoldedMaps {
  identity: IdentityEntry | undefined
  way: WayEntry | undefined
  skipped: SkippedEntry | undefined
}

function emptyMaps(): FoldedMaps {
  return {
    shards: new Map(),
    stops: new Map(),
    answers: new Map(),
    scans: new Map(),
    reports: new Map(),
    requests: new Map(),
    baselines: new Map(),
    signals: new Map(),
    topics: new Map(),
    tables: new Map(),
  }
}

/** A tombstone. `begin` and `at` of a shard are forgotten together, so the `at` stands for both. */
function forget(key: string, maps: FoldedMaps): boolean {
  const slash = key.indexOf('/')
  const rest = key.slice(slash + 1)
  switch (key.slice(0, slash)) {
    case 'at':
      return maps.shards.delete(rest)
    case 'table':
      return maps.tables.delete(rest)
    case 'stop':
      return maps.stops.delete(key)
    case 'answer':
      return maps.answers.delete(key)
    case 'scan':
      return maps.scans.delete(key)
    case 'report':
      return maps.reports.delete(key)
    case 'request':
      return maps.requests.delete(key)
    case 'baseline':
      return maps.baselines.delete(key)
    case 'signal':
      return maps.signals.delete(key)
    default:
      return false
  }
}
