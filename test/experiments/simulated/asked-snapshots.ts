import { seededRng } from '../../../src/async/rng.ts'
import type { TableEntry } from '../../../src/lanes/ledger-entry.ts'
import { decodeEntry } from '../../../src/lanes/ledger-codec.ts'
import { committedReader } from '../../sim/world/output-scan.ts'
import type { World } from '../../sim/world/run-world.ts'
import { keepSignalling, makeSignalTopic, sendSignal } from '../../sim/world/signal-traffic.ts'
import { accountOfSignals } from '../../sim/world/signal-verdicts.ts'
import type { SnapshotPlan } from '../../sim/world/world-plan.ts'
import type { Experiment } from '../experiment.ts'
import { simulatedExperiment } from './simulated-experiment.ts'

const tables = ['orders-0', 'orders-1', 'orders-2'] as const
const [, removed, added] = tables

/** Runs that have come to their end. */
const finished = new WeakSet<World>()

/** Snapshots that are asked for by signals, in simulated time. */
export const askedSnapshotExperiment: Experiment = simulatedExperiment({
  id: 'E39-sim',
  title:
    'Snapshots are asked for, paused, resumed and stopped by signals while workers die, a table comes and another goes',
  overrides: (seed) => ({
    delivery: 'exactly_once',
    hasSignals: true,
    tables: tables.length,
    workload: { keys: 250, skew: 1, deleteShare: 0.15, paddingBytes: 20 },
    changesPerSecond: 40,
    activeMs: 40_000,
    faults: { 'worker-kill': 0.2, 'crash-point': 0.4 },
    snapshot: snapshotOf(seed),
  }),
  options: {
    drainMs: 1_800_000,
    ending: {
      isOver: (world) => finished.has(world),
      account: (world) => ({
        snapshots: accountOfSignals(world).snapshots,
        // What a table held when it was deleted in mid-snapshot has no row; its changes are delivered all the same.
        named: ({ table, position }) => !world.surroundings.streams.state.tables.has(table) && position === undefined,
      }),
    },
    verdicts: (world) => accountOfSignals(world).wrong,
  },
  minimum: { records: 30, faults: { crash: 1, signal: 5, 'row-written': 100 } },
  target: { faults: { signal: 10_000, 'snapshot-begun': 3_000 } },
  prepare: (world) => {
    makeSignalTopic(world, 2)
    let rows = 0
    world.onEvent(({ event }) => {
      if (event.kind === 'rows-committed') rows += event.rows
    })
    const change = changeTables(world)
    keepSignalling(world, { untilMs: world.plan.activeMs, tables })
    finish(world)
    return () => {
      const { signals, refused, snapshots } = accountOfSignals(world)
      const begun = [...snapshots.values()].reduce((sum, count) => sum + count, 0)
      return { signal: signals, 'signal-refused': refused, 'snapshot-begun': begun, 'row-written': rows, ...change() }
    }
  },
})

function snapshotOf(seed: number): SnapshotPlan {
  const rng = seededRng(seed ^ 0xa5ced)
  const pick = <T>(...choices: readonly T[]): T => choices[Math.floor(rng.next() * choices.length)] as T
  return {
    items: 200,
    segments: pick(1, 2, 4, 16),
    pageItems: pick(3, 10, 40),
    answerMs: pick(500, 1_500, 3_000),
    // Ten seconds at best: long enough for somebody to interfere.
    itemsPerSecond: 20,
  }
}

/** One table appears only after a while, with items and changes; another is deleted while it is scanned. */
function changeTables(world: World): () => Readonly<Record<string, number>> {
  const { time, streams } = world.surroundings
  const rng = seededRng(world.plan.seed ^ 0x7ab)
  const later = streams.table(added)
  streams.state.tables.delete(added)
  time.after(5_000 + rng.next() * 20_000, () => void streams.state.tables.set(added, later))
  const notBefore = 5_000 + rng.next() * 15_000
  let wasScanned = false
  let isMet = false
  let isRunning = false
  const remove = (): void => {
    // Of a table that was gone before the pipeline met it, nothing can be expected.
    if (!isMet || !streams.state.tables.has(removed)) return
    wasScanned = isRunning
    streams.deleteTable(removed)
  }
  world.onEvent(({ event }) => {
    if (event.kind === 'shard-opened' && event.shard.table === removed) isMet = true
    if (!('table' in event) || event.table !== removed) return
    if (event.kind === 'snapshot-started') isRunning = true
    if (event.kind === 'snapshot-completed' || event.kind === 'snapshot-halted') isRunning = false
    if (event.kind === 'rows-committed' && isRunning && time.elapsedMs > notBefore) time.after(0, remove)
  })
  // If it was done too soon, it is scanned again.
  time.after(25_000, () => {
    if (!streams.state.tables.has(removed)) return
    const data = { 'data-collections': [removed] }
    sendSignal(world, JSON.stringify({ id: 'once more', type: 'execute-snapshot', data }), rng)
  })
  time.after(38_000, remove)
  return () => ({
    'removed-in-mid-snapshot': wasScanned ? 1 : 0,
    removed: streams.state.tables.has(removed) ? 0 : 1,
  })
}

/**
 * When the faults are over, whatever rests goes on, and then each table that is left is snapshotted once more in full: after
 * that nothing may be missing, whatever was stopped on the way.
 */
function finish(world: World): void {
  const { time, kafka, streams } = world.surroundings
  const rng = seededRng(world.plan.seed ^ 0xf1)
  const lastEntries = watchTables(() => kafka.state.topics.get(world.ledgerTopic)?.partitions[0])
  let serial = 0
  const ask = (table: string, type: string): void => {
    const signal = { id: `final-${++serial}`, type, data: { 'data-collections': [table] } }
    sendSignal(world, JSON.stringify(signal), rng)
  }
  const isWhole = (table: string): boolean => {
    const entry = lastEntries().get(table)
    const snapshot = entry?.snapshot
    if (entry?.status.kind !== 'streaming' || snapshot === undefined || snapshot.state === 'running') return false
    const isDone = snapshot.state === 'completed' || snapshot.state === 'stopped'
    if (snapshot.state === 'completed' && snapshot.signal?.startsWith('final-') === true) return true
    ask(table, isDone ? 'execute-snapshot' : 'resume-snapshot')
    return false
  }
  const look = (): void => {
    const left = tables.filter((table) => streams.state.tables.has(table))
    const whole = left.map(isWhole).every(Boolean)
    const isDelivered = tables.every((table, index) => {
      const written = (world.writers[index]?.written.length ?? 0) - (world.plan.snapshot?.items ?? 0)
      return world.delivered(table) >= written
    })
    if (whole && isDelivered) finished.add(world)
    else time.after(5_000, look)
  }
  time.after(world.plan.activeMs + 3_000, look)
}

/** The newest entry of each table, as lane 0's partition has it; each call reads on. */
function watchTables(
  partition: () => Parameters<typeof committedReader>[0] | undefined,
): () => ReadonlyMap<string, TableEntry> {
  const newest = new Map<string, TableEntry>()
  let read: ReturnType<typeof committedReader> | undefined
  return () => {
    const ledger = partition()
    if (ledger === undefined) return newest
    read ??= committedReader(ledger)
    read(({ key, value }) => {
      const record = decodeEntry(key, value)
      if (record.kind !== 'entry' || record.entry.kind !== 'table') return
      const { table, version } = record.entry
      if (version > (newest.get(table.name)?.version ?? 0)) newest.set(table.name, record.entry)
    })
    return newest
  }
}
