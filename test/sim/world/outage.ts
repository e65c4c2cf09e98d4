import type { WrittenChange } from '../../../src/oracle/oracle.ts'
import type { PipelineEvent } from '../../../src/pipeline/pipeline-event.ts'
import type { World, WorldOptions } from './run-world.ts'
import type { PlanOverrides } from './world-plan.ts'

const hourMs = 3_600_000
const retentionMs = 24 * hourMs

/** A day and an hour, in which the stream throws away what nobody has read. */
export const outagePlan: PlanOverrides = {
  faults: {},
  activeMs: 26.5 * hourMs,
  changesPerSecond: 0.05,
  reshardsPerSecond: 1 / (3 * 3_600),
  workers: 2,
  tables: 2,
  followIntervalMs: 5_000,
}

/** A gap as the pipeline told of it. */
export type GapEvent = Extract<PipelineEvent, { readonly kind: 'stream-gap' }>

/** The gaps that a run's events name. */
export function gapsOf(world: World): readonly GapEvent[] {
  return world.events.map(({ event }) => event).filter((event) => event.kind === 'stream-gap')
}

/** What is gone at the source now, by table. */
export function trimmedChanges(world: World): (change: WrittenChange) => boolean {
  const left = new Map<string, number>()
  for (const table of world.tables) {
    for (const { shardId, records, trimmed } of table.stream.shards) {
      for (const { sequenceNumber } of records.slice(trimmed)) left.set(`${table.name}/${shardId}/${sequenceNumber}`, 1)
    }
  }
  return ({ table, position }) =>
    position !== undefined && !left.has(`${table}/${position.shardId}/${position.sequenceNumber}`)
}

/** Tables that stand still because of a gap, as the ledger's readers hear of it. */
export function stoppedTables({ events }: World): ReadonlySet<string> {
  const stopped = new Set<string>()
  for (const { event } of events) {
    if (event.kind === 'table-stopped') stopped.add(event.table)
    else if (event.kind === 'table-resumed') stopped.delete(event.table)
  }
  return stopped
}

/** From now on the streams throw away what is older than a day, as the service does all the time. */
export function keepRetention(world: World): void {
  world.surroundings.time.after(600_000, () => {
    for (const table of world.tables) table.stream.expire(retentionMs)
    keepRetention(world)
  })
}

/**
 * Nobody reads for 25 hours: because all workers are gone, or because Kafka is. Then everything comes back, and what was
 * trimmed meanwhile must stop its table by name.
 */
export function outageOptions(cause: 'workers' | 'brokers'): WorldOptions {
  return {
    drainMs: 2 * hourMs,
    onReady: (world) => {
      const { surroundings, fleet } = world
      const { time, kafka } = surroundings
      keepRetention(world)
      const begin = 0.5 * hourMs
      time.after(begin, () => {
        if (cause === 'workers') fleet.scale(0)
        else for (const { nodeId } of kafka.state.brokers) kafka.killBroker(nodeId)
      })
      time.after(begin + 25 * hourMs, () => {
        if (cause === 'workers') fleet.scale(2)
        else for (const { nodeId } of kafka.state.brokers) kafka.startBroker(nodeId)
      })
    },
    ending: {
      isOver: (world) => stoppedTables(world).size === world.tables.length,
      account: (world) => {
        const stopped = stoppedTables(world)
        return { trimmed: trimmedChanges(world), named: ({ table }) => stopped.has(table) }
      },
    },
  }
}
