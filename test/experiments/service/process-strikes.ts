import type { Rng } from '../../../src/async/rng.ts'
import { systemClock as clock } from '../../../src/async/system-clock.ts'
import { pause } from '../../faults/pause.ts'
import type { FaultBook } from '../proxied/fault-book.ts'
import { createConcurrently } from '../real/concurrently.ts'
import { chosen, chosenMs } from './service-plan.ts'
import type { ServicePlan } from './service-plan.ts'
import type { ServiceSlots } from './service-slots.ts'

/** What strikes are made with. */
export interface StrikeParts {
  readonly slots: ServiceSlots
  readonly book: FaultBook
  readonly rng: Rng
  /** The place of the process that leads; undefined if nobody does, or if it cannot be told. */
  readonly leader: () => Promise<number | undefined>
  readonly signal: AbortSignal
}

const downMs = [200, 3_000] as const
/** Of session timeouts. */
const frozenTimeouts = [1.3, 1.5] as const

/**
 * Kills, stops and freezes processes, and starts them again, for `durationMs`, or as often as the plan says. One of them is always ready: a
 * service of which every process is down cannot answer. Resolves when all are ready.
 */
export async function strikeProcesses(plan: ServicePlan, parts: StrikeParts): Promise<void> {
  const { slots, rng, signal } = parts
  const over = new AbortController()
  const end = clock.sleep(plan.durationMs, signal).then(() => over.abort('over'))
  const comingBack = createConcurrently()
  const [least, more] = plan.strikes.pauseMs
  for (let strikes = 0; strikes < plan.strikes.most && (await pause(clock, chosenMs(rng, least, more), over.signal));) {
    const place = await victim(plan, parts)
    if (place === undefined || slots.stateOf(place) !== 'up') continue
    strikes++
    comingBack.add(strikeOne(plan, parts, place))
  }
  await end
  await comingBack.done()
}

/** Somebody who is ready, as long as somebody else is, too. */
async function victim(
  { strikes }: ServicePlan,
  { slots, rng, leader, book }: StrikeParts,
): Promise<number | undefined> {
  const up = (): readonly number[] => slots.urls.flatMap((_, place) => (slots.stateOf(place) === 'up' ? [place] : []))
  if (up().length < 2) return undefined
  if (rng.next() >= strikes.leaders) return chosen(up(), rng)
  const leading = await leader()
  if (leading === undefined || up().length < 2) return undefined
  book.struck('leader-struck', 1, 'leading')
  return leading
}

async function strikeOne(plan: ServicePlan, parts: StrikeParts, place: number): Promise<void> {
  const { slots, rng, book } = parts
  const choice = rng.next()
  if (choice < plan.strikes.freezes) {
    const [least, more] = frozenTimeouts
    book.struck('process-freeze')
    slots.freeze(place)
    await clock.sleep(chosenMs(rng, least * plan.sessionTimeoutMs, more * plan.sessionTimeoutMs))
    slots.thaw(place)
  } else {
    const isStop = choice < plan.strikes.freezes + plan.strikes.stops
    book.struck(isStop ? 'process-stop' : 'process-kill')
    await (isStop ? slots.stop(place) : slots.kill(place))
    await clock.sleep(chosenMs(rng, ...downMs))
    await slots.start(place)
  }
  book.ended()
}
