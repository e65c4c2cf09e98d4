import { systemClock as clock } from '../../../src/async/system-clock.ts'
import type { FaultProxy } from '../../faults/fault-proxy.ts'

/** A reset strikes a moment after it was added. */
const strikesWithinMs = 100

/** Resets the connections that a door has now, and no later ones; resolves when they are gone. */
export async function cutConnections(door: FaultProxy): Promise<void> {
  const { accepted } = door
  await using _ = door.add({ kind: 'reset', whenConnection: ({ id }) => id <= accepted })
  await clock.sleep(strikesWithinMs)
}
