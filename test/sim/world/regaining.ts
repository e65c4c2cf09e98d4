import type { WrittenChange } from '../../../src/oracle/oracle.ts'
import { outageOptions, outagePlan, trimmedChanges } from './outage.ts'
import type { World, WorldOptions } from './run-world.ts'
import type { PlanOverrides } from './world-plan.ts'

const hourMs = 3_600_000

/** A day and an hour without readers, of tables that had been snapshotted before, and are to be snapshotted again. */
export const regainPlan: PlanOverrides = {
  ...outagePlan,
  delivery: 'exactly_once',
  activeMs: 27 * hourMs,
  workload: { keys: 2_000, skew: 1, deleteShare: 0.4, paddingBytes: 20 },
  changesPerSecond: 0.02,
  snapshot: { mode: 'when_needed', items: 1_600, segments: 3, pageItems: 60, answerMs: 2_000, maxSweepBytes: 20_000 },
}

/** What a run shows besides its findings. */
export interface Regaining {
  readonly options: WorldOptions
  /** Deletes of items that were found missing, gaps that were passed over, and how long tables stood still before their snapshots began. */
  readonly counts: () => {
    readonly vanished: number
    readonly passedOver: number
    readonly waitsMs: readonly number[]
  }
}

/**
 * The outage of outage.ts, but the tables are taken up again by themselves. What was trimmed when the last gap was passed
 * over is lost by name; everything else must arrive, and in the end each topic must hold what its table holds.
 */
export function regainOptions(cause: 'workers' | 'brokers'): Regaining {
  const outage = outageOptions(cause)
  const lost = new Set<WrittenChange>()
  const regained = new Set<string>()
  let vanished = 0
  let passedOver = 0
  const stoppedAtMs = new Map<string, number>()
  const waitsMs: number[] = []
  return {
    counts: () => ({ vanished, passedOver, waitsMs }),
    options: {
      drainMs: 4 * hourMs,
      onReady: (world) => {
        outage.onReady?.(world)
        killAfterReturn(world)
        world.onEvent(({ event }) => {
          const nowMs = world.surroundings.time.elapsedMs
          if (event.kind === 'table-stopped') stoppedAtMs.set(event.table, nowMs)
          if (event.kind === 'snapshot-started' && stoppedAtMs.has(event.table)) {
            waitsMs.push(nowMs - (stoppedAtMs.get(event.table) ?? 0))
            stoppedAtMs.delete(event.table)
          }
          if (event.kind === 'vanished-committed') vanished += event.deletes
          if (event.kind === 'snapshot-completed' && passedOver > 0) regained.add(event.table)
          if (event.kind !== 'stream-gap') return
          passedOver += event.isPassedOver ? 1 : 0
          // Streams are trimmed by shards: those whose ends nobody saw are named by the gap of their ancestors.
          const isTrimmed = trimmedChanges(world)
          for (const writer of world.writers)
            for (const change of writer.written)
              if (change.table === event.shard.table && isTrimmed(change)) lost.add(change)
        })
      },
      ending: {
        isOver: (world) => regained.size === world.tables.length && isDelivered(world, lost),
        account: (world) => ({
          named: (change) => lost.has(change),
          regained: (table) => regained.has(table),
          snapshots: new Map(world.tables.map(({ name }) => [name, 2])),
        }),
      },
    },
  }
}

/** The minutes after the return are those in which gaps are passed over, tables scanned and topics swept. */
function killAfterReturn({ surroundings: { time, rng }, fleet, plan }: World): void {
  for (let kill = 0; kill < 4; kill++) {
    const place = Math.floor(rng.next() * plan.workers)
    time.after(25.5 * hourMs + rng.next() * 240_000, () => fleet.kill(place, 2_000))
  }
}

function isDelivered(world: World, lost: ReadonlySet<WrittenChange>): boolean {
  return world.tables.every(({ name }, index) => {
    const due = world.writers[index]?.written.filter((change) => change.position !== undefined && !lost.has(change))
    return world.delivered(name) >= (due?.length ?? 0)
  })
}
