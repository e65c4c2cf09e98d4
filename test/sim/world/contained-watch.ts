import type { WrittenChange } from '../../../src/oracle/oracle.ts'
import { changeName, createOutputScan } from './output-scan.ts'
import type { World, WorldOptions } from './run-world.ts'
import { createSnapshotWatch } from './snapshot-watch.ts'

const lookMs = 500

/** What a run with `snapshot.skip.contained.changes` shows besides its findings. */
export interface ContainedWatch {
  /** Changes that a row contains may be missing, and nothing else: a run is over when all others are there. */
  readonly options: WorldOptions
  /** Changes that workers told of as left out. */
  readonly skipped: () => number
  /** Items that went back: behind an item's row stood a change that the row contains. One line each. */
  readonly regresses: () => readonly string[]
}

/**
 * Looks behind each row for the next record of its item. Rows of a lane that was taken anew since are left out, and so are
 * those of a snapshot that is over: what they contain nobody remembers.
 */
export function watchContained(drainMs: number): ContainedWatch {
  const regresses: string[] = []
  let skipped = 0
  let account: Account | undefined
  return {
    skipped: () => skipped,
    regresses: () => regresses,
    options: {
      drainMs,
      onReady: (world) => {
        const own = createAccount(world, regresses)
        account = own
        world.onEvent(({ event }) => {
          if (event.kind === 'contained-changes-skipped') skipped += event.changes
          if (event.kind === 'lane-taken' || event.kind === 'snapshot-completed') own.beginEra()
        })
        keepLooking(world, own)
      },
      ending: {
        isOver: () => account?.isOver === true,
        account: () => ({ named: (change) => account?.isContained(change) === true, regained: () => true }),
      },
    },
  }
}

interface Account {
  /** Reads on. */
  look(): void
  /** What is readable by now is not compared with what comes later. */
  beginEra(): void
  isContained(change: WrittenChange): boolean
  /** As of the last look. */
  readonly isOver: boolean
}

function createAccount(world: World, regresses: string[]): Account {
  const { kafka } = world.surroundings
  const scan = createOutputScan(
    () => [...kafka.state.topics.values()].filter(({ name }) => name !== world.ledgerTopic),
    (topic) => topic.slice(topic.indexOf('.') + 1),
  )
  const completed = createSnapshotWatch(() => kafka.state.topics.get(world.ledgerTopic))
  /** Newest version of the rows of each item, and the item's last record if it is a row of this era. */
  const contained = new Map<string, number>()
  const lastRows = new Map<string, number>()
  let next = 0
  let isOver = false
  const isContained = ({ table, key, version }: WrittenChange): boolean =>
    version <= (contained.get(`${table}/${key}`) ?? 0)
  const advance = (): void => {
    scan.advance()
    for (; next < scan.delivered.length; next++) {
      const { table, key, version = 0, operation } = scan.delivered[next] ?? {}
      const item = `${table ?? ''}/${key ?? ''}`
      const row = lastRows.get(item)
      lastRows.delete(item)
      if (operation === 'SNAPSHOT') {
        contained.set(item, Math.max(contained.get(item) ?? 0, version))
        lastRows.set(item, version)
      } else if (row !== undefined && version <= row)
        regresses.push(`${item}: version ${version} stands behind the row of version ${row}`)
    }
  }
  return {
    isContained,
    look: () => {
      advance()
      isOver =
        completed().size === world.tables.length &&
        world.writers.every(({ written }) =>
          written.every(
            (change) => change.position === undefined || isContained(change) || scan.distinct.has(changeName(change)),
          ),
        )
    },
    beginEra: () => {
      advance()
      lastRows.clear()
    },
    get isOver() {
      return isOver
    },
  }
}

function keepLooking(world: World, account: Account): void {
  world.surroundings.time.after(lookMs, () => {
    account.look()
    keepLooking(world, account)
  })
}
