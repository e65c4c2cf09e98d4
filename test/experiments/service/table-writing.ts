import type { Rng } from '../../../src/async/rng.ts'
import { systemClock as clock } from '../../../src/async/system-clock.ts'
import { pause } from '../../faults/pause.ts'
import { chosen } from './service-plan.ts'
import type { TableLife } from './table-life.ts'

/** Writers of all tables that may be written. */
export interface TableWriting {
  /** Resolves when nothing is under way any more; rejects if a write failed. */
  stop(): Promise<void>
}

const tickMs = 50
/** Where the server is slower than asked for, so many writes wait for it and no more are made. */
const mostAtOnce = 24

/** Begins to write into tables of chance, so many changes a second at most. */
export function startTableWriting(
  tables: readonly TableLife[],
  { changesPerSecond, rng }: { readonly changesPerSecond: number; readonly rng: Rng },
): TableWriting {
  const end = new AbortController()
  const running = new Set<Promise<void>>()
  let failure: { readonly error: unknown } | undefined
  const writeOne = (): void => {
    const { writer } = chosen(tables, rng)
    if (writer === undefined) return
    const writing = writer
      .writeOne()
      .catch((error: unknown) => {
        failure ??= { error }
      })
      .finally(() => running.delete(writing))
    running.add(writing)
  }
  const run = async (): Promise<void> => {
    let owed = 0
    for (let last = clock.monotonic(); await pause(clock, tickMs, end.signal);) {
      const nowMs = clock.monotonic()
      owed = Math.min(mostAtOnce, owed + ((nowMs - last) / 1000) * changesPerSecond)
      last = nowMs
      for (; owed >= 1 && running.size < mostAtOnce; owed--) writeOne()
    }
    await Promise.all(running)
  }
  const over = run()
  return {
    stop: async () => {
      end.abort('over')
      await over
      if (failure !== undefined) throw failure.error
    },
  }
}
