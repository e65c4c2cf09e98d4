import type { WrittenChange } from '../../../src/oracle/oracle.ts'
import { keepRetention, stoppedTables, trimmedChanges } from './outage.ts'
import type { World, WorldOptions } from './run-world.ts'
import type { PlanOverrides } from './world-plan.ts'

const hourMs = 3_600_000
const rotationMs = 0.5 * hourMs

/** A table with one shard and little traffic, as most tables are. */
export const unreadPlan: PlanOverrides = {
  faults: {},
  delivery: 'exactly_once',
  activeMs: 28 * hourMs,
  changesPerSecond: 0.02,
  reshardsPerSecond: 0,
  workers: 2,
  tables: 1,
  openShards: 1,
  followIntervalMs: 5_000,
}

/** The same, of a table that is made whole again by itself. */
export const unreadRegainPlan: PlanOverrides = {
  ...unreadPlan,
  workload: { keys: 600, skew: 1, deleteShare: 0.4, paddingBytes: 20 },
  snapshot: { mode: 'when_needed', items: 400, segments: 2, pageItems: 60, answerMs: 2_000, maxSweepBytes: 20_000 },
}

/** How long nobody is there, and whether the new shard was read by then. */
export interface Absence {
  readonly hours: number
  /** Minutes between the moment in which the shard is opened and that in which everybody is gone. */
  readonly afterMinutes: number
}

/** The table's only shard is followed by another one; everybody is gone when that is opened, or some time later. */
export function leaveAfterRotation(world: World, { hours, afterMinutes }: Absence): void {
  const { surroundings, fleet, tables } = world
  const { time } = surroundings
  const leave = (): void => {
    fleet.scale(0)
    time.after(hours * hourMs, () => fleet.scale(2))
  }
  const shardId = { child: '' }
  keepRetention(world)
  let hasLeft = false
  world.onEvent(({ event }) => {
    if (event.kind !== 'shard-opened' || event.shard.shardId !== shardId.child || hasLeft) return
    hasLeft = true
    if (afterMinutes === 0) leave()
    else time.after(afterMinutes * 60_000, leave)
  })
  time.after(rotationMs, () => {
    const stream = tables[0]?.stream
    const parent = stream?.openShards()[0]
    if (stream !== undefined && parent !== undefined) shardId.child = stream.rotate(parent.shardId).shardId
  })
}

/** The run is over when the table stands still for its gap; what was trimmed by then is lost by name. */
export function untilStopped(absence: Absence): WorldOptions {
  return {
    drainMs: 2 * hourMs,
    onReady: (world) => leaveAfterRotation(world, absence),
    ending: {
      isOver: (world) => stoppedTables(world).size === 1,
      account: (world) => {
        const stopped = stoppedTables(world)
        return { trimmed: trimmedChanges(world), named: ({ table }) => stopped.has(table) }
      },
    },
  }
}

/** The run is over when the table has been scanned anew; only what was trimmed when the gap was told of may be missing. */
export function untilRegained(absence: Absence): WorldOptions {
  const lost = new Set<WrittenChange>()
  let isRegained = false
  return {
    drainMs: 4 * hourMs,
    onReady: (world) => {
      leaveAfterRotation(world, absence)
      world.onEvent(({ event }) => {
        if (event.kind === 'snapshot-completed' && lost.size > 0) isRegained = true
        if (event.kind !== 'stream-gap') return
        for (const change of world.writers[0]?.written ?? []) if (trimmedChanges(world)(change)) lost.add(change)
      })
    },
    ending: {
      isOver: () => isRegained,
      account: (world) => ({
        named: (change) => lost.has(change),
        regained: () => isRegained,
        snapshots: new Map(world.tables.map(({ name }) => [name, isRegained ? 2 : 1])),
      }),
    },
  }
}
