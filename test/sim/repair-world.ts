import type { Item } from '../../src/change/attribute-value.ts'
import type { KinesisRecord } from '../../src/change/kinesis-record.ts'
import type { ShardPosition } from '../../src/change/shard.ts'
import { seededRng } from '../../src/async/rng.ts'
import type { Rng } from '../../src/async/rng.ts'
import type { PageStart, PlainRecord, RecordPage, RecordPages } from '../../src/sources/kinesis/record-pages.ts'
import { hashKeyOf } from '../../src/sources/kinesis/repair/hash-keys.ts'
import type { RepairCounts, RepairRules } from '../../src/sources/kinesis/repair/repair.ts'
import { createRepairMemory } from '../../src/sources/kinesis/repair/repair-memory.ts'
import { createKinesisShardReader } from '../../src/sources/kinesis/shard-reader.ts'
import type { ShardPage, ShardReader } from '../../src/sources/source.ts'

/** What a world is made of. Times in milliseconds. */
export interface RepairPlan {
  readonly rules: RepairRules
  readonly items: number
  readonly changes: number
  /** Chances per delivery. */
  readonly duplicates: number
  readonly disorder: number
  readonly late: number
  /** Chances per step. */
  readonly reshard: number
  readonly crash: number
  /** True: an item goes back and forth between few images. */
  readonly hasToggles: boolean
  /** True: changes are told to the millisecond, and many share one. */
  readonly hasTies: boolean
  readonly memoryBytes: number
}

/** One change of an item, as the table made it. */
export interface MadeChange {
  readonly eventId: string
  readonly item: string
  readonly version: number
  readonly createdAtMicros: number
}

/** What a reader handed out and what was committed of it. */
export interface Delivered {
  readonly eventId: string
  readonly isLate: boolean
}

/** What came of a world. */
export interface RepairOutcome {
  readonly made: ReadonlyMap<string, MadeChange>
  /** In the order of commits, per item. */
  readonly output: ReadonlyMap<string, readonly Delivered[]>
  /** Deliveries that came later than the window, as an omniscient observer of each shard's lineage counts them. */
  readonly lateDeliveries: readonly string[]
  /** Events that came in time at least once. */
  readonly inTime: ReadonlySet<string>
  /** Events that were delivered, once or again, later than the window after they were made. */
  readonly delayed: ReadonlySet<string>
  readonly counts: RepairCounts
  readonly shards: number
  readonly crashes: number
}

interface WorldShard {
  readonly shardId: string
  readonly from: bigint
  readonly to: bigint
  readonly parents: readonly string[]
  readonly records: PlainRecord[]
  isClosed: boolean
  children: string[]
}

interface Delivery {
  readonly atMs: number
  readonly change: MadeChange
  readonly data: Buffer
}

const topKey = 2n ** 128n - 1n
const startMs = 1_790_000_000_000

/** Runs a table's changes through a stream that repeats and disorders them, and readers that are killed, to the end. */
export async function runRepairWorld(plan: RepairPlan, seed: number): Promise<RepairOutcome> {
  const world = new RepairWorld(plan, seededRng(seed))
  await world.run()
  return world.outcome()
}

interface Open {
  position: ShardPosition
  reader: ShardReader | undefined
}

class RepairWorld {
  readonly #plan: RepairPlan
  readonly #rng: Rng
  readonly #shards = new Map<string, WorldShard>()
  readonly #deliveries: Delivery[] = []
  readonly #made = new Map<string, MadeChange>()
  readonly #delayed = new Set<string>()
  readonly #ended = new Set<string>()
  readonly #open = new Map<string, Open>()
  /** Notes of ended parents by the child that waits for them. */
  readonly #inherited = new Map<string, Record<string, string>>()
  readonly #output = new Map<string, Delivered[]>()
  readonly #memory
  readonly #counts: RepairCounts = { duplicates: 0, reordered: 0, late: 0, overtaken: 0, shortened: 0 }
  #pending: RepairCounts[] = []
  #nowMs = startMs
  #sequence = 0n
  #crashes = 0

  constructor(plan: RepairPlan, rng: Rng) {
    this.#plan = plan
    this.#rng = rng
    this.#memory = createRepairMemory(plan.memoryBytes)
    this.#makeChanges()
    this.#addShard(0n, topKey, [])
    this.#begin('shard-0')
  }

  async run(): Promise<void> {
    const { windowMs } = this.#plan.rules
    const stepMs = windowMs / 40
    let next = 0
    const endMs = (this.#deliveries.at(-1)?.atMs ?? startMs) + 3 * windowMs
    while (this.#nowMs < endMs) {
      this.#nowMs += stepMs
      for (; (this.#deliveries[next]?.atMs ?? Infinity) <= this.#nowMs; next++) this.#put(this.#deliveries[next])
      if (this.#rng.next() < this.#plan.reshard) this.#reshard()
      for (const shardId of this.#open.keys()) await this.#readSome(shardId)
    }
    // Whatever was begun late is read to its end.
    for (let round = 0; round < 200; round++) for (const shardId of this.#open.keys()) await this.#readSome(shardId, 0)
  }

  outcome(): RepairOutcome {
    const { lateDeliveries, inTime } = this.#lateness()
    return {
      made: this.#made,
      output: this.#output,
      lateDeliveries,
      inTime,
      delayed: this.#delayed,
      counts: this.#counts,
      shards: this.#shards.size,
      crashes: this.#crashes,
    }
  }

  #makeChanges(): void {
    const { changes, items, rules, hasTies, hasToggles, duplicates, disorder, late } = this.#plan
    const versions = new Map<string, number>()
    const times = new Map<string, number>()
    let madeMs = startMs
    for (let index = 0; index < changes; index++) {
      madeMs += this.#rng.next() * (rules.windowMs / 30)
      const item = `item-${Math.floor(this.#rng.next() ** 2 * items)}`
      const version = (versions.get(item) ?? 0) + 1
      versions.set(item, version)
      const micros = hasTies ? Math.floor(madeMs / 50) * 50_000 : Math.floor(madeMs * 1000)
      const createdAtMicros = Math.max(micros, times.get(item) ?? 0)
      times.set(item, createdAtMicros)
      const eventId = `event-${index}`
      const change: MadeChange = { eventId, item, version, createdAtMicros }
      this.#made.set(eventId, change)
      const data = recordOf(change, hasToggles)
      const delayed = (chance: number, fromMs: number, toMs: number): number =>
        this.#rng.next() < chance ? fromMs + this.#rng.next() * (toMs - fromMs) : 0
      const laterMs = delayed(late, rules.windowMs * 1.1, rules.windowMs * 2)
      const arrivesMs = madeMs + (laterMs > 0 ? laterMs : delayed(disorder, 0, rules.windowMs * 0.97))
      this.#deliveries.push({ atMs: arrivesMs, change, data })
      if (this.#rng.next() < duplicates)
        this.#deliveries.push({ atMs: arrivesMs + this.#rng.next() * rules.windowMs * 1.2, change, data })
    }
    const windowMicros = rules.windowMs * 1000
    for (const { change, atMs } of this.#deliveries)
      if (atMs * 1000 - change.createdAtMicros >= windowMicros) this.#delayed.add(change.eventId)
    this.#deliveries.sort((a, b) => a.atMs - b.atMs)
  }

  #put(delivery: Delivery | undefined): void {
    if (delivery === undefined) return
    const partitionKey = delivery.change.item
    const key = hashKeyOf(partitionKey)
    const shard = [...this.#shards.values()].find(({ isClosed, from, to }) => !isClosed && key >= from && key <= to)
    this.#sequence += 1n + BigInt(Math.floor(this.#rng.next() * 10))
    shard?.records.push({
      sequenceNumber: String(this.#sequence),
      partitionKey,
      arrivedAtMs: Math.floor(delivery.atMs),
      data: delivery.data,
    })
  }

  #reshard(): void {
    const open = [...this.#shards.values()]
      .filter(({ isClosed }) => !isClosed)
      .sort((a, b) => (a.from < b.from ? -1 : 1))
    const at = Math.floor(this.#rng.next() * open.length)
    const [one, two] = [open[at], open[at + 1]]
    if (one === undefined) return
    if (two !== undefined && this.#rng.next() < 0.5) {
      this.#addShard(one.from, two.to, [one, two])
      return
    }
    const middle = one.from + (one.to - one.from) / 2n
    this.#addShard(one.from, middle, [one])
    this.#addShard(middle + 1n, one.to, [one])
  }

  #addShard(from: bigint, to: bigint, parents: readonly WorldShard[]): void {
    const shardId = `shard-${this.#shards.size}`
    for (const parent of parents) {
      parent.isClosed = true
      parent.children.push(shardId)
    }
    const names = parents.map((parent) => parent.shardId)
    this.#shards.set(shardId, { shardId, from, to, parents: names, records: [], isClosed: false, children: [] })
  }

  #begin(shardId: string): void {
    const inherited = this.#inherited.get(shardId)
    const noted = inherited === undefined || Object.keys(inherited).length === 0 ? undefined : inherited
    this.#open.set(shardId, {
      position: { streamArn: 'stream', shardId, after: undefined, inherited: noted },
      reader: undefined,
    })
  }

  async #readSome(shardId: string, crash = this.#plan.crash): Promise<void> {
    for (let pages = 0; pages < 4; pages++) {
      const open = this.#open.get(shardId)
      if (open === undefined) return
      const reader = (open.reader ??= this.#openReader(open.position))
      this.#pending = []
      const page = await reader.read(new AbortController().signal)
      if (this.#rng.next() < crash) {
        this.#crashes++
        await reader[Symbol.asyncDispose]?.()
        open.reader = undefined
        return
      }
      await this.#commit(shardId, open, page)
      if (page.records.length === 0 && !page.isEnd) return
    }
  }

  async #commit(shardId: string, open: Open, page: ShardPage): Promise<void> {
    for (const record of page.records as readonly KinesisRecord[]) {
      const eventId = String(record.change?.['eventID'])
      const item = this.#made.get(eventId)?.item ?? ''
      this.#output.set(item, [...(this.#output.get(item) ?? []), { eventId, isLate: record.isLate }])
    }
    for (const counts of this.#pending)
      for (const name of Object.keys(counts) as (keyof RepairCounts)[]) this.#counts[name] += counts[name]
    if (page.mark !== undefined) open.position = { ...open.position, after: page.mark.after, note: page.mark.note }
    if (!page.isEnd) return
    await open.reader?.[Symbol.asyncDispose]?.()
    this.#open.delete(shardId)
    this.#ended.add(shardId)
    for (const child of this.#shards.get(shardId)?.children ?? []) {
      const inherited = this.#inherited.get(child) ?? {}
      const { note } = open.position
      if (note !== undefined) inherited[shardId] = note.text
      this.#inherited.set(child, inherited)
      const parents = this.#shards.get(child)?.parents ?? []
      if (parents.every((parent) => this.#ended.has(parent))) this.#begin(child)
    }
  }

  #openReader(position: ShardPosition): ShardReader {
    const { rules } = this.#plan
    const own = position.shardId
    return createKinesisShardReader(
      {
        unpacking: { deaggregates: true, hasChanges: true },
        isWanted: () => true,
        repair: { rules, memory: this.#memory },
        onRepaired: (_, counts) => void this.#pending.push(counts),
      },
      position,
      {
        context: {
          clock: { now: () => this.#nowMs, monotonic: () => this.#nowMs, sleep: () => Promise.resolve() },
        },
        openPages: (start, soFar) => Object.assign(this.#pages(own, start), { soFar }),
        openAgain: (shardId, start) => this.#pages(shardId, start),
        hashRangeOf: (shardId) => Promise.resolve(this.#shards.get(shardId)),
        hasHeirs: () => Promise.resolve(true),
      },
    )
  }

  #pages(shardId: string, start: PageStart): RecordPages {
    const shard = this.#shards.get(shardId)
    let at = start.kind === 'oldest' || start.kind === 'time' || shard === undefined ? 0 : placeOf(shard.records, start)
    return {
      next: () => {
        const records = (shard?.records ?? []).slice(at, at + 1 + Math.floor(this.#rng.next() * 20))
        at += records.length
        const next = shard?.records[at]
        const page: RecordPage = {
          records,
          bytes: records.length * 100,
          isEnd: shard?.isClosed === true && next === undefined,
          children: shard?.children.map((child) => ({
            shardId: child,
            parents: [shardId],
            startingSequenceNumber: undefined,
            endingSequenceNumber: undefined,
          })),
          requestedAtMs: this.#nowMs,
          receivedAtMs: this.#nowMs,
          millisBehindLatest: next === undefined ? 0 : this.#nowMs - next.arrivedAtMs,
        }
        return Promise.resolve(page)
      },
      close: () => Promise.resolve(),
    }
  }

  /** What is late in each shard follows from what came before it there and in the shards that it follows. */
  #lateness(): { readonly lateDeliveries: readonly string[]; readonly inTime: ReadonlySet<string> } {
    const windowMicros = this.#plan.rules.windowMs * 1000
    const lateDeliveries: string[] = []
    const inTime = new Set<string>()
    const frontiers = new Map<string, number>()
    for (const { shardId, parents, records } of this.#shards.values()) {
      let frontier = Math.max(0, ...parents.map((parent) => frontiers.get(parent) ?? 0))
      for (const { data, arrivedAtMs } of records) {
        const { eventID } = JSON.parse(String(data)) as { readonly eventID: string }
        const created = this.#made.get(eventID)?.createdAtMicros ?? 0
        if (created < frontier - windowMicros) lateDeliveries.push(eventID)
        else inTime.add(eventID)
        frontier = Math.max(frontier, Math.min(created, arrivedAtMs * 1000))
      }
      frontiers.set(shardId, frontier)
    }
    return { lateDeliveries, inTime }
  }
}

function placeOf(records: readonly PlainRecord[], start: PageStart): number {
  if (start.kind !== 'after' && start.kind !== 'at') return 0
  const wanted = BigInt(start.sequenceNumber)
  const at = records.findIndex(({ sequenceNumber }) =>
    start.kind === 'at' ? BigInt(sequenceNumber) >= wanted : BigInt(sequenceNumber) > wanted,
  )
  return at === -1 ? records.length : at
}

function recordOf({ eventId, item, version, createdAtMicros }: MadeChange, hasToggles: boolean): Buffer {
  const imageOf = (of: number): Item | undefined =>
    of === 0 ? undefined : { pk: { S: item }, n: { N: String(hasToggles ? of % 2 : of) } }
  return Buffer.from(
    JSON.stringify({
      eventSource: 'aws:dynamodb',
      eventID: eventId,
      eventName: version === 1 ? 'INSERT' : 'MODIFY',
      tableName: 'orders',
      dynamodb: {
        ApproximateCreationDateTime: createdAtMicros,
        ApproximateCreationDateTimePrecision: 'MICROSECOND',
        Keys: { pk: { S: item } },
        OldImage: imageOf(version - 1),
        NewImage: imageOf(version),
      },
    }),
  )
}
