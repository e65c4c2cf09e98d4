import { seededRng } from '../../src/async/rng.ts'
import type { Rng } from '../../src/async/rng.ts'
import type { Shard } from '../../src/change/shard.ts'
import type { Table } from '../../src/change/table.ts'
import { beginnableShards, discoveryEntries } from '../../src/lanes/discovery-gate.ts'
import {
  answersOwed,
  endEntries,
  isGathered,
  movesOwed,
  progressEntry,
  shardsToRead,
} from '../../src/lanes/hand-over.ts'
import { createLaneFold, shardKey } from '../../src/lanes/lane-state.ts'
import type { LaneFold, LaneState, ShardState } from '../../src/lanes/lane-state.ts'
import type { AddressedEntry, TableEntry } from '../../src/lanes/ledger-entry.ts'
import { createLedgerLog, createLogReader } from './ledger-log.ts'
import type { LedgerLog, LogReader, ReadingMode, Transaction } from './ledger-log.ts'
import { asShard, createStreamWorld, pick } from './ledger-world.ts'
import type { StreamWorld } from './ledger-world.ts'

/** Each option takes one rule of the protocol away; the model must then fail. */
export interface Planted {
  readonly reading?: ReadingMode
  readonly fold?: 'last-write-wins'
  readonly tables?: 'lane-by-lane'
  readonly discovery?: 'without-gate'
  readonly compaction?: boolean
}

/** One emitted record, and the transaction that decides whether it counts. */
interface Emitted {
  readonly shardId: string
  readonly index: number
  readonly lane: number
  readonly transaction: Transaction
}

const lanes = 4
const table: Table = {
  arn: 'arn:aws:dynamodb:eu-west-1:000000000000:table/t',
  name: 't',
  id: 'id',
  region: 'eu-west-1',
  account: '000000000000',
  streamArn: 'arn:aws:dynamodb:eu-west-1:000000000000:table/t/stream/1',
  viewType: 'NEW_AND_OLD_IMAGES',
  keySchema: [{ name: 'pk', type: 'S' }],
}

/**
 * A random run of the ledger protocol on the real fold, hand-over and discovery code: lanes that crash around the end of
 * transactions, a stream that reshards, discovery, snapshot gathering, compaction. Throws the name of what went wrong.
 */
export function runLedgerModel(seed: number, planted: Planted = {}, steps = 3000): { readonly records: number } {
  const rng = seededRng(seed)
  const world = createStreamWorld(rng)
  const log = createLedgerLog(lanes)
  const emitted: Emitted[] = []
  const all = Array.from({ length: lanes }, (_, lane) => createModelLane({ lane, log, world, rng, planted, emitted }))
  const coordinator = createModelCoordinator({ log, world, rng, planted, emitted })
  for (let step = 0; step < steps; step++) {
    const dice = rng.next()
    if (dice < 0.05 && step < steps * 0.6) world.step()
    else if (dice < 0.1) coordinator.step()
    else if (dice < 0.13) pick(all, rng).crash()
    else if (dice < 0.17) pick(all, rng).take()
    else if (dice < 0.19 && planted.compaction !== false) log.compact(Math.floor(rng.next() * lanes))
    else pick(all, rng).step()
  }
  for (let round = 0; round < 40 && !isDrained(world, emitted); round++) {
    for (const lane of all) lane.revive()
    for (let i = 0; i < 60; i++) {
      for (const lane of all) lane.step()
      coordinator.step()
    }
  }
  return check(world, emitted)
}

interface ModelParts {
  readonly log: LedgerLog
  readonly world: StreamWorld
  readonly rng: Rng
  readonly planted: Planted
  readonly emitted: Emitted[]
}

interface ModelLane {
  step(): void
  crash(): void
  take(): void
  revive(): void
}

function createModelLane(parts: ModelParts & { readonly lane: number }): ModelLane {
  const { lane, log, world, rng, planted, emitted } = parts
  const context = { lane, lanes, nowMs: 0 }
  let isUp = false
  let open: { readonly transaction: Transaction; readonly own: readonly AddressedEntry[] } | undefined
  let fold: LaneFold = createLaneFold()
  let reader: LogReader

  const take = (): void => {
    // The fence settles what was open: EndTxn may or may not have arrived.
    if (open?.transaction.state === 'open') open.transaction.state = rng.next() < 0.5 ? 'commit' : 'abort'
    open = undefined
    fold = planted.fold === undefined ? createLaneFold() : createLastWriteWins()
    reader = createLogReader(log, lane, fold, planted.reading ?? 'markers')
    reader.load()
    isUp = true
  }
  take()

  const begin = (entries: readonly AddressedEntry[], records: readonly Omit<Emitted, 'transaction'>[] = []): void => {
    const transaction: Transaction = { state: 'open' }
    open = { transaction, own: entries.filter((entry) => entry.lane === lane) }
    log.append(entries, transaction)
    for (const record of records) emitted.push({ ...record, transaction })
  }
  const commit = (transaction: Transaction, own: readonly AddressedEntry[]): void => {
    transaction.state = 'commit'
    open = undefined
    for (const { entry } of own) fold.apply({ kind: 'entry', entry })
  }
  const readOne = (shard: ShardState): void => {
    const source = world.shards.get(shard.shardId)
    if (source === undefined) throw new Error('unknown shard')
    const next = shard.after === undefined ? 0 : Number(shard.after) + 1
    const available = source.records - next
    if (available > 0) {
      const count = 1 + Math.floor(rng.next() * available)
      const last = { sequenceNumber: String(next + count - 1), createdAtMs: 0 }
      const records = Array.from({ length: count }, (_, i) => ({ shardId: shard.shardId, index: next + i, lane }))
      begin([progressEntry(shard, last, context)], records)
    } else if (source.isClosed) {
      const children = source.children.map((id) => world.shards.get(id)).filter((child) => child !== undefined)
      begin(endEntries(shard, children.map(asShard), context))
    }
  }
  return {
    take,
    crash: () => {
      isUp = false
    },
    revive: () => {
      if (!isUp) take()
    },
    step: () => {
      if (!isUp) return
      if (rng.next() < 0.7) reader.tail(rng)
      if (open !== undefined) {
        if (rng.next() < 0.6) commit(open.transaction, open.own)
        return
      }
      const moves = movesOwed(fold.state, context)
      if (moves.length > 0) return begin(moves)
      const answers = answersOwed(fold.state, context)
      if (answers.length > 0) return begin(answers)
      const readable = shardsToRead(fold.state, context)
      if (readable.length > 0) readOne(pick(readable, rng))
    },
  }
}

function createModelCoordinator(parts: ModelParts): { step(): void } {
  const { log, world, rng, planted, emitted } = parts
  let entry: TableEntry = {
    kind: 'table',
    version: 1,
    table,
    topic: 't',
    topicPartitions: 1,
    topicId: undefined,
    status: { kind: 'streaming' },
    notBeforeMs: undefined,
    homeLane: undefined,
    run: 0,
    snapshot: undefined,
    settled: undefined,
  }
  let phase: 'idle' | 'gather' | 'scan' = 'idle'
  let scanFrom = 0
  const unwritten: AddressedEntry[] = []
  /** Found, and not committed yet: parents are asked for one by one, and commits take their time. */
  const found: AddressedEntry[] = []
  /** Of coordinators that were thought dead: without transactions nothing stops them from writing it after all. */
  const late: AddressedEntry[] = []
  const everywhere = (): void => {
    const entries = Array.from({ length: lanes }, (_, lane) => ({ lane, entry }))
    if (planted.tables === 'lane-by-lane') unwritten.push(...entries.sort(() => rng.next() - 0.5))
    else log.append(entries, { state: 'commit' })
  }
  everywhere()
  const openReaders = (): { readonly fold: LaneFold; readonly reader: LogReader }[] =>
    Array.from({ length: lanes }, (_, lane) => {
      const fold = createLaneFold()
      return { fold, reader: createLogReader(log, lane, fold, 'markers') }
    })
  let readers = openReaders()
  const ledgers = (): readonly LaneState[] =>
    readers.map(({ fold, reader }) => {
      reader.load()
      return fold.state
    })
  const discover = (): void => {
    const listing = [...world.shards.values()].map(asShard)
    const shards =
      planted.discovery === 'without-gate' ? unknownTo(ledgers(), listing) : beginnableShards(entry, listing, ledgers())
    found.push(...discoveryEntries(entry, shards, { lanes, nowMs: 0, ledgers: ledgers() }))
  }
  const beginAll = (entries: AddressedEntry[]): void => log.append(entries.splice(0), { state: 'commit' })
  const startSnapshot = (): void => {
    phase = 'gather'
    entry = { ...entry, version: entry.version + 1, run: entry.run + 1, homeLane: Math.floor(rng.next() * lanes) }
    everywhere()
  }
  const endSnapshot = (): void => {
    const foreign = emitted.slice(scanFrom).some((record) => record.lane !== entry.homeLane)
    if (foreign) throw new Error('foreign output during a scan')
    phase = 'idle'
    entry = { ...entry, version: entry.version + 1, homeLane: undefined }
    everywhere()
  }
  /** Whoever takes lane 0 next goes on from what its partition says. */
  const crash = (): void => {
    unwritten.length = 0
    late.push(...found.splice(0))
    readers = openReaders()
    entry = ledgers()[0]?.tables.get(table.arn) ?? entry
    phase = entry.homeLane === undefined ? 'idle' : 'gather'
  }
  return {
    step: () => {
      if (rng.next() < (unwritten.length > 0 ? 0.15 : 0.01)) crash()
      const next = unwritten.shift()
      if (next !== undefined) return log.append([next], { state: 'commit' })
      if (found.length > 0 && rng.next() < 0.1) return beginAll(found)
      if (late.length > 0 && rng.next() < 0.01) return beginAll(late)
      const dice = rng.next()
      if (dice < 0.5) discover()
      else if (dice < 0.6 && phase === 'idle' && entry.run < 4) startSnapshot()
      else if (
        phase === 'gather' &&
        isGathered(ledgers()[entry.homeLane ?? 0] ?? createLaneFold().state, entry, lanes)
      ) {
        phase = 'scan'
        scanFrom = emitted.length
      } else if (dice < 0.7 && phase === 'scan') endSnapshot()
    },
  }
}

function unknownTo(ledgers: readonly LaneState[], listing: readonly Shard[]): readonly Shard[] {
  return listing.filter(({ shardId }) =>
    ledgers.every((ledger) => !ledger.shards.has(shardKey(table.streamArn, shardId))),
  )
}

/** The planted fold: whatever is read last replaces what was known, within one generation. */
function createLastWriteWins(): LaneFold {
  let fold = createLaneFold()
  const records: Parameters<LaneFold['apply']>[0][] = []
  return {
    get state() {
      return fold.state
    },
    apply: (record) => {
      if (record.kind === 'entry' && record.entry.kind === 'at') {
        const { shardId, generation } = record.entry
        const isOld = (r: (typeof records)[number]): boolean =>
          r.kind === 'entry' && r.entry.kind === 'at' && r.entry.shardId === shardId && r.entry.generation <= generation
        const kept = records.filter((r) => !isOld(r))
        records.splice(0, records.length, ...kept)
        fold = createLaneFold()
        for (const old of records) fold.apply(old)
      }
      records.push(record)
      return fold.apply(record)
    },
  }
}

function isDrained(world: StreamWorld, emitted: readonly Emitted[]): boolean {
  const expected = [...world.shards.values()].reduce((sum, shard) => sum + shard.records, 0)
  return emitted.filter((record) => record.transaction.state === 'commit').length >= expected
}

function check(world: StreamWorld, emitted: readonly Emitted[]): { readonly records: number } {
  const committed = emitted.filter((record) => record.transaction.state === 'commit')
  const seen = new Map<string, number>()
  const first = new Map<string, number>()
  const last = new Map<string, number>()
  for (const [at, { shardId, index }] of committed.entries()) {
    if (index < (seen.get(shardId) ?? 0)) throw new Error('duplicate')
    if (index > (seen.get(shardId) ?? 0)) throw new Error('order or loss within a shard')
    seen.set(shardId, index + 1)
    if (!first.has(shardId)) first.set(shardId, at)
    last.set(shardId, at)
  }
  for (const shard of world.shards.values()) {
    if ((seen.get(shard.id) ?? 0) !== shard.records) throw new Error('lost or stuck')
    for (const parent of shard.parents) {
      if ((first.get(shard.id) ?? Infinity) < (last.get(parent) ?? -1)) throw new Error('child before parent')
    }
  }
  return { records: committed.length }
}
