import type { Rng } from '../../src/async/rng.ts'
import { systemClock } from '../../src/async/system-clock.ts'
import type { SimulatedTable } from '../servers/stream-simulator/simulated-table.ts'

/** Writes at random into a simulated table, and reshards its stream all the while. */
export interface BusyTable {
  /** Goes on until it is stopped. */
  readonly running: Promise<void>
  stop(): void
  readonly reshards: number
}

/** Every 20 ms a handful of changes over 200 items; every half second, on average, a split or a rotation. */
export function keepBusy(table: SimulatedTable, rng: Rng, changesPerTick = 12): BusyTable {
  const state = { isStopped: false }
  let reshards = 0
  const pickItem = (): string => (rng.next() < 0.2 ? 'hot' : `item-${Math.floor(rng.next() ** 2 * 200)}`)
  const write = (): void => {
    const id = { S: pickItem() }
    if (rng.next() < 0.1) table.delete({ id })
    else table.put({ id, note: { S: `${rng.next()}` }, price: { N: '12345678901234567890.123456789' } })
  }
  const reshard = (): void => {
    const open = table.stream.openShards()
    const shard = open[Math.floor(rng.next() * open.length)]
    if (shard === undefined) return
    reshards++
    // Enough shards are enough: beyond twelve they only rotate.
    if (open.length < 12 && rng.next() < 0.4) table.stream.split(shard.shardId)
    else table.stream.rotate(shard.shardId)
  }
  const run = async (): Promise<void> => {
    while (!state.isStopped) {
      for (let i = 0; i < changesPerTick; i++) write()
      if (rng.next() < 0.04) reshard()
      await systemClock.sleep(20)
    }
  }
  return {
    running: run(),
    stop: () => {
      state.isStopped = true
    },
    get reshards() {
      return reshards
    },
  }
}
