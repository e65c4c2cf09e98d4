import { systemClock as clock } from '../../../src/async/system-clock.ts'
import type { Rng } from '../../../src/async/rng.ts'
import type { Direction } from '../../faults/toxic.ts'
import type { Experiment } from '../experiment.ts'
import { startTailraceRun } from './tailrace-run.ts'

const workers = 3
const cuts = 5
const recoveryMs = 45_000

/** E14: workers and broker cannot reach each other for a while; each worker has a door of its own. */
export const networkCut: Experiment = {
  id: 'E14',
  title:
    'The network between the broker and one, some or all workers is cut, both ways or one way, for 5 to 20 seconds',
  tier: 'K',
  arm: 'tailrace',
  minimum: { records: 2_000, faults: { 'network-cut': cuts } },
  target: { faults: { 'network-cut': 500 } },
  run: async (seed, signal) => {
    await using run = await startTailraceRun({
      seed,
      signal,
      workers,
      doors: workers,
      lanes: 6,
      requestTimeoutMs: 3_000,
    })
    const { ground, book } = run
    const hangs: string[] = []
    for (let cut = 0; cut < cuts; cut++) {
      signal.throwIfAborted()
      const { directions, kind, ms, victims } = planCut(ground.rng)
      const doors = ground.kafka.doors.filter((_, door) => victims.includes(door))
      book.struck('network-cut')
      for (const door of doors) for (const direction of directions) door.add({ kind, direction, ms })
      await clock.sleep(ms)
      await ground.heal()
      book.ended()
      const isBack = await ground.watch.untilCaughtUp(recoveryMs)
      if (!isBack)
        hangs.push(
          `lag was not below 5 s ${recoveryMs} ms after a cut of ${victims.length} workers (${kind}, ${directions.join(' and ')})`,
        )
      await clock.sleep(1_000 * ground.rng.next())
    }
    return await run.finish({ hangs })
  },
}

interface Cut {
  readonly victims: readonly number[]
  readonly directions: readonly Direction[]
  /** Bytes vanish, or are held until the cut is over. */
  readonly kind: 'black-hole' | 'stall'
  readonly ms: number
}

/** Shorter cuts are more frequent. */
function planCut(rng: Rng): Cut {
  const count = rng.next() < 0.6 ? 1 : 1 + Math.floor(rng.next() * workers)
  const first = Math.floor(rng.next() * workers)
  const victims = Array.from({ length: count }, (_, index) => (first + index) % workers)
  const ways: readonly (readonly Direction[])[] = [['upstream', 'downstream'], ['upstream'], ['downstream']]
  const directions = ways[Math.floor(rng.next() * ways.length)] ?? []
  const kind = rng.next() < 0.5 ? 'black-hole' : 'stall'
  return { victims, directions, kind, ms: Math.round(5_000 + 15_000 * rng.next() ** 2) }
}
