import type { WrittenChange } from '../../../src/oracle/oracle.ts'
import { stoppedTables } from '../../sim/world/outage.ts'
import type { World } from '../../sim/world/run-world.ts'
import type { Experiment } from '../experiment.ts'
import { simulatedExperiment } from './simulated-experiment.ts'

const pipeline = { delivery: 'exactly_once', workers: 2, lanes: 3, changesPerSecond: 20, activeMs: 25_000 } as const

/** Rows about tables themselves, and about unusual writes. */
export const tableLifeExperiments: readonly Experiment[] = [
  simulatedExperiment({
    id: 'E30',
    title: 'A stream is switched off and on again: the old one is read to its end, and the new one waits for a person',
    overrides: { ...pipeline, tables: 2, reshardsPerSecond: 0.2, faults: { 'worker-kill': 0.2 }, activeMs: 40_000 },
    options: {
      ending: {
        isOver: (world) => stoppedTables(world).has('orders-0') && isDelivered(world, 'orders-1'),
        account: (world) => ({ named: isOfNewStream(world) }),
      },
    },
    minimum: { records: 50, faults: { 'stream-replaced': 1 } },
    target: { faults: { 'stream-replaced': 200 } },
    prepare: ({ surroundings: { time, rng }, tables }) => {
      time.after(10_000 + rng.next() * 15_000, () => {
        tables[0]?.disableStream()
        tables[0]?.enableStream('NEW_AND_OLD_IMAGES')
      })
      return () => ({ 'stream-replaced': 1 })
    },
  }),
  simulatedExperiment({
    id: 'E34',
    title: 'Items expire, a hundred changes come at one moment, and writes change nothing',
    overrides: {
      ...pipeline,
      reshardsPerSecond: 0.2,
      faults: { 'worker-kill': 0.1 },
      workload: { keys: 40, skew: 2, deleteShare: 0.4, paddingBytes: 20, expiryShare: 0.5, idleShare: 0.3 },
    },
    minimum: { records: 200, faults: { 'hundred-changes': 2 } },
    target: { faults: { 'hundred-changes': 1_000 } },
    prepare: ({ surroundings: { time, rng }, writers, plan }) => {
      let bursts = 0
      const burst = (): void => {
        time.after(2_000 + rng.next() * 6_000, () => {
          if (time.elapsedMs > plan.activeMs) return
          bursts++
          for (let change = 0; change < 100; change++) writers[0]?.writeOne()
          burst()
        })
      }
      burst()
      return () => ({ 'hundred-changes': bursts })
    },
  }),
  simulatedExperiment({
    id: 'E55',
    title: 'A pipeline begins with a thousand tables: each is read within a minute',
    overrides: {
      ...pipeline,
      lanes: 16,
      tables: 1_000,
      openShards: 1,
      topicPartitions: 1,
      changesPerSecond: 50,
      reshardsPerSecond: 0,
      activeMs: 120_000,
      pageRecords: 1_000,
      listingMs: 300_000,
      faults: {},
      workload: { keys: 50, skew: 1, deleteShare: 0.1, paddingBytes: 0 },
    },
    minimum: { records: 3_000, faults: { 'table-read-within-a-minute': 1_000 } },
    target: { faults: { 'table-read-within-a-minute': 10_000 } },
    prepare: (world) => {
      const read = new Set<string>()
      world.onEvent(({ event }) => {
        if (event.kind === 'shard-opened' && world.surroundings.time.elapsedMs < 60_000) read.add(event.shard.table)
      })
      return () => ({ 'table-read-within-a-minute': read.size })
    },
  }),
  simulatedExperiment({
    id: 'E54',
    title: 'One item gets nine of ten writes',
    overrides: {
      ...pipeline,
      changesPerSecond: 40,
      reshardsPerSecond: 0.3,
      faults: { 'worker-kill': 0.2, 'lost-response': 0.2 },
      workload: { keys: 50, skew: 40, deleteShare: 0.1, paddingBytes: 20 },
    },
    minimum: { records: 300, faults: {} },
    target: { records: 100_000, faults: {} },
  }),
]

/** Changes that went into a stream which only a person may take up. */
function isOfNewStream(world: World): (change: WrittenChange) => boolean {
  const [old] = world.tables[0]?.streams ?? []
  const shards = new Set(old?.shards.map(({ shardId }) => shardId))
  return ({ table, position }) =>
    table === 'orders-0' && stoppedTables(world).has(table) && position !== undefined && !shards.has(position.shardId)
}

function isDelivered(world: World, table: string): boolean {
  const writer = world.writers[world.tables.findIndex(({ name }) => name === table)]
  return world.delivered(table) >= (writer?.written.length ?? 0)
}
