import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { addCounts, itemsPerBlock } from './count-round-trips.ts'
import type { RoundTripCounts } from './count-round-trips.ts'

const threads = 2
const blocksPerTurn = 5

/** Sends so many generated items (in whole thousands) through every form that promises to lose nothing, in two threads. */
export async function roundTripsOfItems(
  items: number,
  onProgress: (done: number) => void,
): Promise<readonly RoundTripCounts[]> {
  const blocks = Math.ceil(items / itemsPerBlock)
  let next = 1
  let total: readonly RoundTripCounts[] | undefined
  const run = async (): Promise<void> => {
    const worker = new Worker(new URL('round-trip-worker.ts', import.meta.url))
    try {
      while (next <= blocks) {
        const turn = Array.from({ length: Math.min(blocksPerTurn, blocks - next + 1) }, (_, index) => next + index)
        next += turn.length
        worker.postMessage(turn, [])
        const [counts] = (await once(worker, 'message')) as [readonly RoundTripCounts[]]
        total = total === undefined ? counts : addCounts(total, counts)
        onProgress((next - 1) * itemsPerBlock)
      }
    } finally {
      await worker.terminate()
    }
  }
  await Promise.all(Array.from({ length: threads }, run))
  return total ?? []
}
