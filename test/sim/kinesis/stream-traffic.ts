import { seededRng } from '../../../src/async/rng.ts'
import type { Rng } from '../../../src/async/rng.ts'
import { createVersionedWriter } from '../../oracle/versioned-writer.ts'
import type { VersionedWriter } from '../../oracle/versioned-writer.ts'
import type { ServedKinesis } from '../../servers/kinesis-simulator/kinesis-service.ts'
import type { SimulatedKinesisStream } from '../../servers/kinesis-simulator/kinesis-stream.ts'
import { createSimulatedDestination } from '../../servers/kinesis-simulator/simulated-destination.ts'
import type { SimulatedDestination } from '../../servers/kinesis-simulator/simulated-destination.ts'
import type { SimulatedTable } from '../../servers/stream-simulator/simulated-table.ts'
import type { Surroundings } from '../world/surroundings.ts'
import type { KinesisWorldPlan } from './kinesis-plan.ts'

/** A table, who writes into it, and how its changes get into the stream. */
export interface ConnectedTable {
  readonly table: SimulatedTable
  readonly writer: VersionedWriter
  readonly destination: SimulatedDestination
}

/** What happens to the tables and to the stream while the workers read. */
export interface StreamTraffic {
  readonly stream: SimulatedKinesisStream
  /** Those that are wanted, in front, and the others. */
  readonly tables: readonly ConnectedTable[]
  readonly isWanted: (table: string) => boolean
  /** Changes that are still on their way into the stream. */
  readonly waiting: () => number
  /** Nothing is written, held back or resharded any more. */
  stop(): void
  /** What was done, by kind. */
  readonly counts: TrafficCounts
}

/** How often. */
export interface TrafficCounts {
  split: number
  merge: number
  'update-shard-count': number
  'late-bunch': number
  'held-back': number
  'precision-switch': number
}

/** Name of the stream in every world. */
export const streamName = 'changes'

type Surrounded = Surroundings & { readonly kinesis: ServedKinesis }

/** Begins at once. */
export function startTraffic(plan: KinesisWorldPlan, surroundings: Surrounded): StreamTraffic {
  const { kinesis } = surroundings
  const stream = kinesis.createStream({ name: streamName, shards: plan.openShards })
  const serial = { next: 1 }
  const wanted = Array.from({ length: plan.tables }, (_, index) => `orders-${index}`)
  const others = Array.from({ length: plan.stream.otherTables }, (_, index) => `others-${index}`)
  const tables = [...wanted, ...others].map((name, index) => connectTable(plan, surroundings, { name, index, serial }))
  const counts: TrafficCounts = {
    split: 0,
    merge: 0,
    'update-shard-count': 0,
    'late-bunch': 0,
    'held-back': 0,
    'precision-switch': 0,
  }
  const traffic = new Traffic(plan, surroundings, { stream, tables, counts })
  return {
    stream,
    tables,
    counts,
    isWanted: (table) => wanted.includes(table),
    waiting: () => {
      kinesis.settle()
      return tables.reduce((sum, { destination }) => sum + destination.waiting, 0)
    },
    stop: () => traffic.stop(),
  }
}

function connectTable(
  plan: KinesisWorldPlan,
  { streams, kinesis }: Surrounded,
  { name, index, serial }: { readonly name: string; readonly index: number; readonly serial: { next: number } },
): ConnectedTable {
  const { precision, tieMs } = plan.stream
  const keySchema = [{ name: 'id', type: 'S' }] as const
  const table = streams.createTable({ name, keySchema, viewType: 'NEW_AND_OLD_IMAGES' })
  const destination = createSimulatedDestination({
    kinesis,
    stream: streamName,
    table,
    ledger: streams.ledger,
    rng: seededRng(plan.seed * 37 + index),
    settings: { precision, tieMs, faults: usualFaults(plan) },
  })
  return {
    table,
    destination,
    writer: createVersionedWriter(table, plan.workload, seededRng(plan.seed * 31 + index), serial),
  }
}

function usualFaults({ stream }: KinesisWorldPlan): SimulatedDestination['settings']['faults'] {
  const { duplicates, delays, windowMs } = stream
  // Not to the last moment: on their way creation times lose a part of themselves, and arrival times, too.
  return { duplicates, delays, windowMs: windowMs * 0.95 }
}

class Traffic {
  readonly #plan: KinesisWorldPlan
  readonly #surroundings: Surrounded
  readonly #rng: Rng
  readonly #parts: Pick<StreamTraffic, 'stream' | 'tables' | 'counts'>
  readonly #lastWriteMs = new Map<ConnectedTable, number>()
  #isOver = false
  #isInRounds = false

  constructor(
    plan: KinesisWorldPlan,
    surroundings: Surrounded,
    parts: Pick<StreamTraffic, 'stream' | 'tables' | 'counts'>,
  ) {
    this.#plan = plan
    this.#surroundings = surroundings
    this.#parts = parts
    this.#rng = seededRng(plan.seed ^ 0xface)
    const { holdsPerSecond, precisionSwitchesPerSecond, stormsPerSecond, course, mostShards } = plan.stream
    this.#repeat(plan.changesPerSecond / 4, () => this.#writeBunch())
    this.#repeat(plan.reshardsPerSecond, () => this.#reshard())
    this.#repeat(holdsPerSecond, () => this.#holdBack())
    this.#repeat(precisionSwitchesPerSecond, () => this.#switchPrecision())
    this.#repeat(stormsPerSecond, () => this.#goTo(1 + Math.floor(this.#rng.next() * mostShards)))
    for (const { atMs, shards } of course) surroundings.time.after(atMs, () => this.#follow(shards))
  }

  stop(): void {
    this.#isOver = true
    for (const { destination } of this.#parts.tables) destination.settings.isHeldBack = false
  }

  #repeat(perSecond: number, work: () => void): void {
    if (perSecond <= 0) return
    this.#surroundings.time.after((-Math.log(1 - this.#rng.next()) / perSecond) * 1000, () => {
      if (this.#isOver) return
      work()
      this.#repeat(perSecond, work)
    })
  }

  /**
   * Several changes of one moment: some of one item, which share their time of creation then. Where there are deletes, each has
   * a millisecond of its own.
   */
  #writeBunch(): void {
    const { lateBunches } = this.#plan.stream
    const { tables, counts } = this.#parts
    const table = tables[Math.floor(this.#rng.next() * tables.length)]
    if (table === undefined) return
    const isLate = this.#rng.next() < lateBunches
    if (isLate) counts['late-bunch']++
    const apartMs = this.#plan.workload.deleteShare > 0 ? 1.5 : 0
    const write = (left: number): void => {
      // Another bunch may have written in this very millisecond: an insert and a removal of one time could be in either order.
      if (apartMs > 0 && this.#lastWriteMs.get(table) === this.#millisecond) {
        this.#surroundings.time.after(1, () => write(left))
        return
      }
      this.#lastWriteMs.set(table, this.#millisecond)
      this.#writeOne(table, isLate)
      if (left > 1) this.#surroundings.time.after(apartMs, () => write(left - 1))
    }
    write(1 + Math.floor(this.#rng.next() * 7))
  }

  get #millisecond(): number {
    return Math.floor(this.#surroundings.originMs + this.#surroundings.time.elapsedMs)
  }

  #writeOne({ writer, destination }: ConnectedTable, isLate: boolean): void {
    if (this.#isOver) return
    const { kinesis } = this.#surroundings
    const usual = usualFaults(this.#plan)
    // What was written before goes the way that it was to go.
    kinesis.settle()
    if (isLate) destination.settings.faults = { ...usual, delays: 1, windowMs: this.#plan.stream.windowMs * 3 }
    writer.writeOne()
    kinesis.settle()
    destination.settings.faults = usual
  }

  #reshard(): void {
    const { stream, counts } = this.#parts
    const open = stream.openShards().toSorted((a, b) => (a.from < b.from ? -1 : 1))
    const at = Math.floor(this.#rng.next() * open.length)
    const [shard, next] = [open[at], open[at + 1]]
    if (shard === undefined) return
    const isFull = open.length >= this.#plan.stream.mostShards
    if (next !== undefined && (isFull || this.#rng.next() < 0.5)) {
      counts.merge++
      stream.merge(shard.shardId, next.shardId)
      return
    }
    counts.split++
    // Not in the middle: the children are of different sizes, and one of them may get nothing at all.
    const width = shard.to - shard.from
    stream.split(shard.shardId, shard.from + 1n + (width * BigInt(1 + Math.floor(this.#rng.next() * 98))) / 100n)
  }

  /** A course is followed to its end: what falls into the rounds of another number of shards comes after them. */
  #follow(shards: number): void {
    if (!this.#isInRounds) return this.#goTo(shards)
    this.#surroundings.time.after(this.#plan.stream.roundMs, () => this.#follow(shards))
  }

  #goTo(shards: number): void {
    if (this.#isInRounds || this.#isOver) return
    this.#isInRounds = true
    this.#parts.counts['update-shard-count']++
    const step = (): void => {
      this.#isInRounds = this.#parts.stream.stepToShardCount(shards)
      if (this.#isInRounds) this.#surroundings.time.after(this.#plan.stream.roundMs, step)
    }
    step()
  }

  #holdBack(): void {
    const { tables, counts } = this.#parts
    const { settings } = tables[Math.floor(this.#rng.next() * tables.length)]?.destination ?? {}
    if (settings === undefined || settings.isHeldBack) return
    counts['held-back']++
    this.#surroundings.kinesis.settle()
    settings.isHeldBack = true
    this.#surroundings.time.after(this.#rng.next() * 2 * this.#plan.stream.windowMs, () => {
      settings.isHeldBack = false
    })
  }

  #switchPrecision(): void {
    const { tables, counts } = this.#parts
    const { settings } = tables[Math.floor(this.#rng.next() * tables.length)]?.destination ?? {}
    if (settings === undefined) return
    counts['precision-switch']++
    this.#surroundings.kinesis.settle()
    settings.precision = settings.precision === 'MILLISECOND' ? 'MICROSECOND' : 'MILLISECOND'
  }
}
