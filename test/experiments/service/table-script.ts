import { seededRng } from '../../../src/async/rng.ts'
import type { Rng } from '../../../src/async/rng.ts'
import { systemClock as clock } from '../../../src/async/system-clock.ts'
import { pause } from '../../faults/pause.ts'
import type { FaultBook } from '../proxied/fault-book.ts'
import { chosenMs } from './service-plan.ts'
import type { ServicePlan } from './service-plan.ts'
import type { TableLife } from './table-life.ts'

/** How long a table has its tag, and how long it lacks it; shares of the run. */
const taggedShare = [0.07, 0.12] as const
const untaggedShare = [0.02, 0.06] as const

/** What a script needs to know of the service. */
export interface TableSight {
  /** Resolves when the pipeline of the table streams it: before that nothing is promised for one that goes away. */
  untilStreamed(table: TableLife, signal: AbortSignal): Promise<void>
}

/**
 * Lives every table's life from now on; resolves when `durationMs` are over and all that was begun is done. Then `retagged` tables have their tag,
 * and `untagged` ones do not.
 */
export async function liveTables(
  plan: ServicePlan,
  tables: readonly TableLife[],
  parts: { readonly sight: TableSight; readonly book: FaultBook; readonly signal: AbortSignal },
): Promise<void> {
  const over = new AbortController()
  const end = clock.sleep(plan.durationMs, parts.signal).then(() => over.abort('over'))
  const lives = tables.map((table, index) => {
    const life: Life = { ...parts, plan, table, rng: seededRng(plan.seed * 7_919 + index), over: over.signal }
    return scripts[table.kind](life)
  })
  await Promise.all([end, ...lives])
}

interface Life {
  readonly plan: ServicePlan
  readonly table: TableLife
  readonly rng: Rng
  readonly sight: TableSight
  readonly book: FaultBook
  readonly over: AbortSignal
  readonly signal: AbortSignal
}

const scripts: Readonly<Record<TableLife['kind'], (life: Life) => Promise<void>>> = {
  steady: () => Promise.resolve(),
  retagged: async (life) => {
    await retag(life)
  },
  untagged: async (life) => {
    await retag(life)
    await life.table.untag()
    life.book.struck('untag')
  },
  late: async (life) => {
    const { table, book } = life
    await rest(life, 0.1, 0.5)
    await table.make()
    book.struck('table-made')
    // What is written before the first tag is in the stream, too.
    await rest(life, 0.01, 0.02)
    await table.tag()
    book.struck('tag')
  },
  deleted: drop,
  remade: async (life) => {
    const { table, book } = life
    await drop(life)
    await rest(life, 0, 0.05)
    await table.make()
    await table.tag()
    book.struck('table-remade')
  },
}

async function retag(life: Life): Promise<void> {
  const { table, book } = life
  while (await rest(life, ...taggedShare)) {
    await table.untag()
    book.struck('untag')
    await rest(life, ...untaggedShare)
    await table.tag()
    book.struck('tag')
  }
}

async function drop(life: Life): Promise<void> {
  const { table, book, sight, signal } = life
  await rest(life, 0.2, 0.4)
  await sight.untilStreamed(table, signal)
  await table.drop()
  book.struck('table-deleted')
}

/** True if the run is not over. */
async function rest({ plan, rng, over }: Life, least: number, more: number): Promise<boolean> {
  return await pause(clock, chosenMs(rng, least * plan.durationMs, more * plan.durationMs), over)
}
