import { seededRng } from '../../../src/async/rng.ts'
import type { VersionedWriter } from '../../oracle/versioned-writer.ts'
import type { SimulatedTable } from '../../servers/stream-simulator/simulated-table.ts'
import type { Surroundings } from './surroundings.ts'
import type { WorldPlan } from './world-plan.ts'

/** Changes and reshardings at random moments, until they are stopped. */
export function keepWriting(
  plan: WorldPlan,
  { time, streams }: Surroundings,
  { tables, writers }: { readonly tables: readonly SimulatedTable[]; readonly writers: readonly VersionedWriter[] },
): { readonly stopWriting: () => void; readonly reshards: () => number } {
  const rng = seededRng(plan.seed ^ 0xface)
  let isOver = false
  let reshards = 0
  const isThere = (table: SimulatedTable | undefined): boolean =>
    table !== undefined && streams.state.tables.get(table.name) === table
  const repeat = (perSecond: number, work: () => void): void => {
    if (perSecond <= 0) return
    time.after((-Math.log(1 - rng.next()) / perSecond) * 1000, () => {
      if (isOver) return
      work()
      repeat(perSecond, work)
    })
  }
  repeat(plan.changesPerSecond / 4, () => {
    const index = Math.floor(rng.next() * writers.length)
    const writer = isThere(tables[index]) ? writers[index] : undefined
    // In bunches: several changes of one moment land in one page.
    for (let i = 1 + Math.floor(rng.next() * 7); i > 0; i--) writer?.writeOne()
  })
  repeat(plan.reshardsPerSecond, () => {
    const table = tables[Math.floor(rng.next() * tables.length)]
    const open = table?.stream.openShards() ?? []
    const shard = open[Math.floor(rng.next() * open.length)]
    if (table === undefined || shard === undefined || !isThere(table)) return
    reshards++
    if (open.length < 8 && rng.next() < 0.5) table.stream.split(shard.shardId)
    else table.stream.rotate(shard.shardId)
  })
  return {
    stopWriting: () => {
      isOver = true
    },
    reshards: () => reshards,
  }
}
