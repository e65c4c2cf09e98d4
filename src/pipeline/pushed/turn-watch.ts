import type { Clock } from '../../async/clock.ts'
import type { Rng } from '../../async/rng.ts'
import type { KafkaApi } from '../../kafka/kafka.ts'
import { transactionalIdOf } from '../../lanes/lane-session.ts'

/**
 * Looks at what others do with lane 0, which everybody needs who makes a first start, and of which everybody fences whoever has it.
 * Where hundreds of processes start at once, each would be fenced before it is done, for as long as they all go on; so whoever
 * was fenced waits until the lane has been quiet for longer than its own attempt took.
 */
export interface TurnWatch {
  /** True if somebody has written something there that is not committed yet. */
  isTaken(signal: AbortSignal): Promise<boolean>
  /**
   * Resolves with true as soon as `isDone` does, with false once nobody has fenced or committed for a while: longer
   * than `tookMs`, and the longer the more attempts have failed. Milliseconds.
   */
  untilQuiet(
    after: { readonly tookMs: number; readonly attempt: number },
    isDone: (signal: AbortSignal) => Promise<boolean>,
    signal: AbortSignal,
  ): Promise<boolean>
}

/** Where lane 0 is. */
export interface TurnWatchOptions {
  readonly kafka: Pick<KafkaApi, 'describeTransactions'>
  readonly pipeline: string
  readonly clock: Clock
  readonly rng: Rng
}

/** An attempt on a broker that has nothing else to do. Milliseconds. */
const leastQuietMs = 300
const mostQuietMs = 15_000
/** How often is looked while it is quiet. */
const looks = 4

export function createTurnWatch({ kafka, pipeline, clock, rng }: TurnWatchOptions): TurnWatch {
  const id = transactionalIdOf(pipeline, 0)
  const look = async (signal: AbortSignal): Promise<{ readonly holder: string; readonly isTaken: boolean }> => {
    const found = (await kafka.describeTransactions([id], signal)).get(id)
    if (found === undefined) return { holder: '', isTaken: false }
    const { producerId, producerEpoch, state } = found
    const isTaken = state === 'Ongoing' || state === 'PrepareCommit'
    return { holder: `${producerId}/${producerEpoch}`, isTaken }
  }
  return {
    isTaken: async (signal) => (await look(signal)).isTaken,
    untilQuiet: async ({ tookMs, attempt }, isDone, signal) => {
      // Everybody waits for a different time, so that one is first and the others hear it.
      const spread = 1 + rng.next() * 2 ** Math.min(attempt, 4)
      const quietMs = Math.min(mostQuietMs, Math.max(leastQuietMs, tookMs) * 2 * spread)
      let { holder } = await look(signal)
      for (let quiet = 0; quiet < looks;) {
        await clock.sleep(quietMs / looks, signal)
        if (await isDone(signal)) return true
        const { holder: now } = await look(signal)
        quiet = now === holder ? quiet + 1 : 0
        holder = now
      }
      return false
    },
  }
}
