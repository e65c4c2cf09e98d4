import { systemClock as clock } from '../../../src/async/system-clock.ts'
import { pause } from '../../faults/pause.ts'
import type { ActiveToxic } from '../../faults/toxic.ts'

/** True as soon as the toxic has had a victim; false when it has had none for so long. Milliseconds. */
export async function isStruckWithin(toxic: ActiveToxic, ms: number): Promise<boolean> {
  const timer = new AbortController()
  const struck = toxic.whenStruck().then(() => true)
  // It rejects when the toxic is removed, which may be long after this is over.
  struck.catch(() => undefined)
  const late = pause(clock, ms, timer.signal).then((isOver) => !isOver)
  const isStruck = await Promise.race([struck, late])
  timer.abort('called off')
  return isStruck
}
