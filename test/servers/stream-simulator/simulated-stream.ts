import type { Clock } from '../../../src/async/clock.ts'
import { compareSequenceNumbers } from '../../../src/change/sequence-number.ts'
import type { StreamViewType } from '../../../src/change/table.ts'
import { keyHash } from './item-text.ts'
import { createSequenceNumbers } from './sequence-numbers.ts'
import type { SequenceNumbers } from './sequence-numbers.ts'

/** A record as it will be sent: made once, joined into pages as text. */
export interface StoredRecord {
  readonly sequenceNumber: string
  readonly writtenAtMs: number
  readonly json: string
}

/** How listings show a shard, when they are to lie about it. */
export interface ListingLies {
  /** Left out of this many more listings or child look-ups. */
  hiddenCalls: number
  /** Left out until then (clock.now). */
  hiddenUntilMs: number
  /** Shown without its end this many more times. */
  openCalls: number
  /** Shown on a second page as well. */
  isTwice: boolean
}

/** A shard with everything that was ever written to it; `trimmed` of its records are gone. */
export interface SimulatedShard {
  readonly shardId: string
  readonly parentShardId: string | undefined
  /** The items whose partition key's hash lies in [from, to). */
  readonly from: number
  readonly to: number
  readonly startingSequenceNumber: string
  endingSequenceNumber: string | undefined
  closedAtMs: number | undefined
  readonly records: StoredRecord[]
  trimmed: number
  /** Empty pages that GetRecords puts before each page with records. */
  emptyPages: number
  readonly lies: ListingLies
}

/** The stream of a table: a forest of shards. */
export interface SimulatedStream {
  readonly arn: string
  readonly label: string
  readonly viewType: StreamViewType
  readonly createdAtMs: number
  readonly numbers: SequenceNumbers
  status: 'ENABLING' | 'ENABLED' | 'DISABLING' | 'DISABLED'
  /** In order of creation. Forgotten shards are not here any more. */
  readonly shards: readonly SimulatedShard[]
  shard(shardId: string): SimulatedShard
  has(shardId: string): boolean
  openShards(): readonly SimulatedShard[]
  /** The open shard that owns a hash. */
  owner(hash: number): SimulatedShard
  /** Ends a shard; its range is halved between two children. */
  split(shardId: string): readonly [SimulatedShard, SimulatedShard]
  /** Ends a shard; one child takes its range over. */
  rotate(shardId: string): SimulatedShard
  /** Ends a shard without a child; its items cannot be written until `adopt`. */
  close(shardId: string): void
  /** Gives a closed shard its (late) child. */
  adopt(shardId: string): SimulatedShard
  /** Ends all shards and sets the status. */
  disable(): void
  /** Deletes the oldest records of a shard: so many, or all. */
  trim(shardId: string, records: number | 'all'): void
  /** Deletes a shard: it is neither listed nor readable. */
  forget(shardId: string): void
  /** What the service does all the time: records older than `retentionMs` go, and shards that closed so long ago. */
  expire(retentionMs: number): void
  /** Leaves a shard out of listings for some calls, or some time. */
  listLate(shardId: string, until: { readonly calls?: number; readonly ms?: number }): void
  /** Shows a shard on two pages, the first time without its end. */
  listTwice(shardId: string): void
  /** Shows a closed shard as open for some calls. */
  listAsOpen(shardId: string, calls: number): void
}

const hashSpace = 2 ** 32

/** A stream of `openShards` shards. */
export function createSimulatedStream(options: {
  readonly clock: Clock
  readonly tableArn: string
  readonly viewType: StreamViewType
  readonly openShards: number
  readonly label: string
  readonly growEvery?: number | undefined
}): SimulatedStream {
  const { clock } = options
  const numbers = createSequenceNumbers(options.growEvery)
  const shards: SimulatedShard[] = []
  const byId = new Map<string, SimulatedShard>()
  const open = new Set<SimulatedShard>()
  let made = 0

  const make = (parent: SimulatedShard | undefined, from: number, to: number): SimulatedShard => {
    const millis = Math.floor(clock.now()).toString().padStart(20, '0')
    const shard: SimulatedShard = {
      shardId: `shardId-${millis}-${keyHash(`${++made} ${options.tableArn}`).toString(16).padStart(8, '0')}`,
      parentShardId: parent?.shardId,
      from,
      to,
      startingSequenceNumber: numbers.next(),
      endingSequenceNumber: undefined,
      closedAtMs: undefined,
      records: [],
      trimmed: 0,
      emptyPages: 0,
      lies: { hiddenCalls: 0, hiddenUntilMs: 0, openCalls: 0, isTwice: false },
    }
    shards.push(shard)
    byId.set(shard.shardId, shard)
    open.add(shard)
    return shard
  }
  const end = (shard: SimulatedShard): SimulatedShard => {
    if (!open.delete(shard)) throw new Error(`shard ${shard.shardId} is not open`)
    shard.closedAtMs = clock.now()
    shard.endingSequenceNumber = shard.records.at(-1)?.sequenceNumber ?? shard.startingSequenceNumber
    return shard
  }
  const find = (shardId: string): SimulatedShard => {
    const shard = byId.get(shardId)
    if (shard === undefined) throw new Error(`no shard ${shardId}`)
    return shard
  }

  for (let i = 0; i < options.openShards; i++) {
    make(
      undefined,
      Math.floor((hashSpace * i) / options.openShards),
      Math.floor((hashSpace * (i + 1)) / options.openShards),
    )
  }

  const stream: SimulatedStream = {
    arn: `${options.tableArn}/stream/${options.label}`,
    label: options.label,
    viewType: options.viewType,
    createdAtMs: clock.now(),
    numbers,
    status: 'ENABLED',
    shards,
    shard: find,
    has: (shardId) => byId.has(shardId),
    openShards: () => [...open],
    owner: (hash) => {
      for (const shard of open) if (hash >= shard.from && hash < shard.to) return shard
      throw new Error('no open shard owns the item: a shard was closed without a child')
    },
    split: (shardId) => {
      const parent = end(find(shardId))
      const middle = Math.floor((parent.from + parent.to) / 2)
      return [make(parent, parent.from, middle), make(parent, middle, parent.to)]
    },
    rotate: (shardId) => {
      const parent = end(find(shardId))
      return make(parent, parent.from, parent.to)
    },
    close: (shardId) => void end(find(shardId)),
    adopt: (shardId) => {
      const parent = find(shardId)
      return make(parent, parent.from, parent.to)
    },
    disable: () => {
      for (const shard of open) end(shard)
      stream.status = 'DISABLED'
    },
    trim: (shardId, records) => {
      const shard = find(shardId)
      const wanted = records === 'all' ? shard.records.length : shard.trimmed + records
      shard.trimmed = Math.min(wanted, shard.records.length)
    },
    forget: (shardId) => {
      const shard = find(shardId)
      shards.splice(shards.indexOf(shard), 1)
      byId.delete(shardId)
      open.delete(shard)
    },
    expire: (retentionMs) => {
      const horizonMs = clock.now() - retentionMs
      const isOver = ({ closedAtMs }: SimulatedShard): boolean => closedAtMs !== undefined && closedAtMs < horizonMs
      for (const shard of shards.filter(isOver)) stream.forget(shard.shardId)
      for (const shard of shards) {
        while ((shard.records[shard.trimmed]?.writtenAtMs ?? Number.POSITIVE_INFINITY) < horizonMs) shard.trimmed++
      }
    },
    listLate: (shardId, until) => {
      const { lies } = find(shardId)
      lies.hiddenCalls = until.calls ?? 0
      lies.hiddenUntilMs = until.ms === undefined ? 0 : clock.now() + until.ms
    },
    listTwice: (shardId) => void (find(shardId).lies.isTwice = true),
    listAsOpen: (shardId, calls) => void (find(shardId).lies.openCalls = calls),
  }
  return stream
}

/** Index of a shard's first record behind (or at) a sequence number. */
export function indexOfRecord(shard: SimulatedShard, sequenceNumber: string, isInclusive: boolean): number {
  let low = 0
  let high = shard.records.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const order = compareSequenceNumbers(shard.records[middle]?.sequenceNumber ?? '0', sequenceNumber)
    if (order < 0 || (order === 0 && !isInclusive)) low = middle + 1
    else high = middle
  }
  return low
}
