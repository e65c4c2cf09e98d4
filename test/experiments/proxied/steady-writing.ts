import type { Rng } from '../../../src/async/rng.ts'
import { systemClock as clock } from '../../../src/async/system-clock.ts'
import type { WrittenChange } from '../../../src/oracle/oracle.ts'
import { pause } from '../../faults/pause.ts'
import { createVersionedWriter } from '../../oracle/versioned-writer.ts'
import type { Workload } from '../../oracle/versioned-writer.ts'
import type { SimulatedTable } from '../../servers/stream-simulator/simulated-table.ts'
import type { StreamSimulator } from '../../servers/stream-simulator/stream-simulator.ts'

/** What is written, and how fast. */
export interface WritingPlan {
  readonly tables: readonly string[]
  /** Of each table, at first. */
  readonly openShards: number
  readonly workload: Workload
  /** Over all tables. */
  readonly changesPerSecond: number
  /** Splits and rotations, over all tables; a table never has more than three times its first open shards. */
  readonly reshardsPerMinute: number
}

/** Writers of all tables, at a steady rate. */
export interface SteadyWriting extends AsyncDisposable {
  readonly tables: readonly SimulatedTable[]
  /** The changes of each table so far. */
  written(): readonly (readonly WrittenChange[])[]
  /** What each table holds now: digests by key. */
  contents(): ReadonlyMap<string, ReadonlyMap<string, string>>
  /** Parent of each shard. */
  parents(): ReadonlyMap<string, string | undefined>
  readonly reshards: number
  /** Writes so many changes at once, besides the steady ones. */
  burst(changes: number): void
  stop(): Promise<void>
}

const tickMs = 50

/** Makes the tables and begins to write. */
export function beginWriting(simulator: StreamSimulator, plan: WritingPlan, rng: Rng): SteadyWriting {
  const serial = { next: 1 }
  const lineage = new Map<string, string | undefined>()
  const tables = plan.tables.map((name) =>
    simulator.createTable({
      name,
      keySchema: [{ name: 'id', type: 'S' }],
      viewType: 'NEW_AND_OLD_IMAGES',
      openShards: plan.openShards,
    }),
  )
  const writers = tables.map((table) => createVersionedWriter(table, plan.workload, rng, serial))
  const end = new AbortController()
  let reshards = 0
  const writeOne = (): void => writers[Math.floor(rng.next() * writers.length)]?.writeOne()
  const run = async (): Promise<void> => {
    let owed = 0
    let reshardsOwed = 0
    for (let last = clock.monotonic(); await pause(clock, tickMs, end.signal);) {
      const seconds = (clock.monotonic() - last) / 1000
      last += seconds * 1000
      owed += seconds * plan.changesPerSecond
      reshardsOwed += (seconds * plan.reshardsPerMinute) / 60
      for (; owed >= 1; owed--) writeOne()
      for (; reshardsOwed >= 1; reshardsOwed--) reshards += reshard(tables, plan.openShards * 3, rng)
    }
  }
  const running = run()
  const stop = async (): Promise<void> => {
    end.abort('over')
    await running
  }
  return {
    tables,
    written: () => writers.map(({ written }) => written),
    contents: () => new Map(writers.map((writer, index) => [tables[index]?.name ?? '', writer.contents()])),
    parents: () => {
      for (const { stream } of tables)
        for (const shard of stream.shards) lineage.set(shard.shardId, shard.parentShardId)
      return lineage
    },
    get reshards() {
      return reshards
    },
    burst: (changes) => {
      for (let change = 0; change < changes; change++) writeOne()
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

function reshard(tables: readonly SimulatedTable[], mostOpen: number, rng: Rng): number {
  const stream = tables[Math.floor(rng.next() * tables.length)]?.stream
  const open = stream?.openShards() ?? []
  const shard = open[Math.floor(rng.next() * open.length)]
  if (stream === undefined || shard === undefined) return 0
  if (open.length < mostOpen && rng.next() < 0.4) stream.split(shard.shardId)
  else stream.rotate(shard.shardId)
  return 1
}
