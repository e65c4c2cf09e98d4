import type { TableEntry } from '../../../src/lanes/ledger-entry.ts'
import { keepRetention } from './outage.ts'
import type { World, WorldOptions, WorkerEvent } from './run-world.ts'
import { createTableWatch } from './snapshot-watch.ts'

const hourMs = 3_600_000

/** What a run with exports is to end with, and what it shows besides its findings. */
export interface Exporting {
  readonly options: WorldOptions
  readonly counts: () => ExportCounts
  /** Of each table whose snapshot had failed when the run was over. */
  readonly failures: () => readonly string[]
}

/** What happened around exports. */
export interface ExportCounts {
  /** Exports that were found complete, so that their files could be loaded; increments among them. */
  readonly completed: number
  readonly increments: number
  readonly rows: number
  /** Times that a snapshot failed, to be tried again. */
  readonly halts: number
}

/**
 * Tables begin with exports and go on with their streams, which keep a day; every three hours somebody restarts the
 * workers, as one does who has mended something. `delivered`: in the end each topic holds what its table holds. `failed`:
 * each table's snapshot has failed, and nothing else is wrong.
 */
export function exportingOptions(expected: 'delivered' | 'failed'): Exporting {
  const counts = { completed: 0, increments: 0, rows: 0, halts: 0 }
  let entries: () => ReadonlyMap<string, TableEntry> = () => new Map()
  let failures: readonly string[] = []
  const options: WorldOptions = {
    drainMs: 150 * hourMs,
    onReady: (world) => {
      const { kafka } = world.surroundings
      entries = createTableWatch(() => kafka.state.topics.get(world.ledgerTopic))
      keepRetention(world)
      restartSometimes(world)
      killAroundExports(world)
      world.onEvent(({ event }) => {
        if (event.kind === 'rows-committed') counts.rows += event.rows
        else if (event.kind === 'snapshot-halted' && event.state === 'failed') counts.halts++
        else if (event.kind === 'export-completed') {
          counts.completed++
          if (event.step > 0) counts.increments++
        }
      })
    },
    ending: {
      isOver: everyTenSeconds((world) => {
        const all = world.tables.map(({ name }) => entries().get(name))
        if (expected === 'delivered') return all.every((entry) => entry !== undefined && isDelivered(world, entry))
        failures = all.flatMap((entry) => (entry?.snapshot?.state === 'failed' ? [entry.snapshot.code ?? 'none'] : []))
        return failures.length === world.tables.length
      }),
      account: ({ tables }) => {
        const beginOf = (name: string): number => entries().get(name)?.notBeforeMs ?? Number.POSITIVE_INFINITY
        const rows = ({ name }: { readonly name: string }): number =>
          (entries().get(name)?.snapshot?.exports?.step ?? 0) + 1
        return {
          stored: ({ table, position, writtenAtMs }) => position === undefined || writtenAtMs < beginOf(table),
          snapshots: new Map(tables.map((table) => [table.name, rows(table)])),
          ...(expected === 'failed' ? { named: () => true } : {}),
        }
      },
    },
  }
  return { options, counts: () => counts, failures: () => failures }
}

function isDelivered(world: World, { table, status, snapshot, notBeforeMs }: TableEntry): boolean {
  if (snapshot?.state !== 'completed' || status.kind !== 'streaming' || notBeforeMs === undefined) return false
  const writer = world.writers[world.tables.findIndex(({ name }) => name === table.name)]
  const due = writer?.written.filter(
    ({ position, writtenAtMs }) => position !== undefined && writtenAtMs >= notBeforeMs,
  )
  return world.delivered(table.name) >= (due?.length ?? 0)
}

/** Such a look takes long, and is asked for at every event. */
function everyTenSeconds(look: (world: World) => boolean): (world: World) => boolean {
  let dueMs = 0
  return (world) => {
    const { elapsedMs } = world.surroundings.time
    if (elapsedMs < dueMs) return false
    dueMs = elapsedMs + 10_000
    return look(world)
  }
}

function restartSometimes(world: World): void {
  world.surroundings.time.after(3 * hourMs, () => {
    for (const place of world.fleet.workers.keys()) world.fleet.restart(place)
    restartSometimes(world)
  })
}

/** The moments in which an export is asked for, is there, or is loaded are those in which something may be forgotten. */
function killAroundExports({ surroundings: { time, rng }, fleet, onEvent }: World): void {
  let left = 12
  onEvent(({ worker, event }: WorkerEvent) => {
    const chance = killChances[event.kind]
    if (chance === undefined || left === 0 || rng.next() > chance) return
    left--
    time.after(rng.next() ** 2 * 2_000, () => {
      for (const [place, { process }] of fleet.workers) if (process.name === worker) fleet.kill(place, 2_000)
    })
  })
}

const killChances: Readonly<Record<string, number>> = {
  'export-requested': 0.4,
  'export-completed': 0.4,
  'rows-committed': 0.1,
  'snapshot-completed': 0.4,
}
