import type { Rng } from '../../../src/async/rng.ts'
import type { ObjectStore, StoredObject } from '../../../src/objects/objects.ts'
import type { SimulatedProcess } from '../time/simulated-process.ts'
import type { VirtualTime } from '../time/virtual-time.ts'

/** What a process's way to a bucket runs on. */
export interface SimulatedObjectsOptions {
  readonly process: SimulatedProcess
  readonly time: VirtualTime
  readonly rng: Rng
  readonly objects: ObjectStore
  /** Milliseconds until an object's headers are there, at most. Its bytes then come at once. */
  readonly latencyMs: number
}

/** The way of one process to objects in memory: it takes its time, and a killed process never hears of its end. */
export function createSimulatedObjects({
  process,
  time,
  rng,
  objects,
  latencyMs,
}: SimulatedObjectsOptions): ObjectStore {
  return {
    get: (location, options, signal) =>
      process.await<StoredObject>(
        ({ resolve, reject }) =>
          time.after(rng.next() * latencyMs, () => void objects.get(location, options, signal).then(resolve, reject)),
        signal,
      ),
  }
}
