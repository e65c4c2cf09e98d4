import type { Clock } from '../../../src/async/clock.ts'
import type { Rng } from '../../../src/async/rng.ts'
import type { WrittenChange } from '../../../src/oracle/oracle.ts'
import type { VersionedWriter } from '../../oracle/versioned-writer.ts'
import type { SimulatedTable } from '../../servers/stream-simulator/simulated-table.ts'

/** Changes and reshardings of simulated tables, without a pause until they are stopped. */
export interface TableTraffic {
  /** Resolves when the last change is written; rejects when a write failed. */
  stop(): Promise<void>
  readonly reshards: number
}

/** How much of both. */
export interface TrafficRate {
  readonly changesPerSecond: number
  readonly reshardsPerSecond: number
  /** Of each table; from there on shards only rotate. */
  readonly maxOpenShards: number
}

const tickMs = 25

/**
 * Writes in bunches: several changes of one moment to one table, so that they share pages, then the other tables. The
 * number of changes follows the clock, so that a busy machine changes their times and not their rate.
 */
export function startTraffic(
  tables: readonly { readonly table: SimulatedTable; readonly writer: VersionedWriter }[],
  rate: TrafficRate,
  { clock, rng }: { readonly clock: Clock; readonly rng: Rng },
  onWritten: (change: WrittenChange) => void,
): TableTraffic {
  const stopped = new AbortController()
  let reshards = 0
  const writeBunch = (): number => {
    const { writer } = pick(tables, rng)
    const size = 1 + Math.floor(rng.next() * 40)
    for (let i = 0; i < size; i++) {
      writer.writeOne()
      const change = writer.written.at(-1)
      if (change !== undefined) onWritten(change)
    }
    return size
  }
  const reshard = (): void => {
    const { stream } = pick(tables, rng).table
    const open = stream.openShards()
    const { shardId } = pick(open, rng)
    reshards++
    if (open.length < rate.maxOpenShards && rng.next() < 0.5) stream.split(shardId)
    else stream.rotate(shardId)
  }
  const run = async (): Promise<void> => {
    let lastMs = clock.monotonic()
    let owed = 0
    while (!stopped.signal.aborted) {
      const nowMs = clock.monotonic()
      const seconds = (nowMs - lastMs) / 1000
      lastMs = nowMs
      owed += rate.changesPerSecond * seconds
      while (owed > 0) owed -= writeBunch()
      if (rng.next() < rate.reshardsPerSecond * seconds) reshard()
      await clock.sleep(tickMs, stopped.signal).catch(() => undefined)
    }
  }
  const running = run()
  // Whoever stops it hears of a failure; until then it is nobody's unhandled rejection.
  running.catch(() => undefined)
  return {
    stop: () => {
      stopped.abort('stopped')
      return running
    },
    get reshards() {
      return reshards
    },
  }
}

function pick<T>(among: readonly T[], rng: Rng): T {
  const picked = among[Math.floor(rng.next() * among.length)]
  if (picked === undefined) throw new Error('there is nothing to pick from')
  return picked
}
