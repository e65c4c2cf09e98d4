import type { Clock } from '../../async/clock.ts'
import type { Rng } from '../../async/rng.ts'
import type { KafkaApi, TransactionState } from '../../kafka/kafka.ts'
import { transactionalIdOf } from '../../lanes/lane-session.ts'

/**
 * Looks at what others do with lane 0, which everybody takes who makes a first start, and of which everybody fences whoever has it.
 * Where hundreds of processes start at once, each would be fenced before it is done, for as long as they all go on; so whoever
 * was fenced listens first, as stations on one wire do.
 */
export interface TurnWatch {
  /** True if somebody has written something there that is not committed yet. */
  isTaken(signal: AbortSignal): Promise<boolean>
  /**
   * Waits while somebody is at it, and then for a time of chance, which is the longer the more attempts have failed and only
   * runs while nobody is. Resolves with true as soon as `isDone` does, which is asked whenever somebody has committed, and with
   * false when it is time to try. `tookMs` is what the last attempt took; milliseconds.
   */
  untilTurn(
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

/** What an attempt takes at least, and what is believed of one. Milliseconds. */
const [leastAttemptMs, mostAttemptMs] = [200, 5_000]
const mostWaitMs = 20_000
/** Times of chance are cut into so many looks. */
const looks = 10
const [leastLookMs, mostLookMs] = [40, 1_000]

const busyStates: ReadonlySet<TransactionState['state']> = new Set(['Ongoing', 'PrepareCommit', 'PrepareAbort'])

export function createTurnWatch({ kafka, pipeline, clock, rng }: TurnWatchOptions): TurnWatch {
  const id = transactionalIdOf(pipeline, 0)
  const look = async (signal: AbortSignal): Promise<Look> => {
    const found = (await kafka.describeTransactions([id], signal)).get(id)
    if (found === undefined) return { mark: '', isTaken: false, isFenced: false }
    const { producerId, producerEpoch, state } = found
    const mark = `${producerId}/${producerEpoch} ${state}`
    return { mark, isTaken: busyStates.has(state), isFenced: state === 'Empty' }
  }
  return {
    isTaken: async (signal) => (await look(signal)).isTaken,
    untilTurn: async ({ tookMs, attempt }, isDone, signal) => {
      const attemptMs = Math.min(mostAttemptMs, Math.max(leastAttemptMs, tookMs))
      const mostMs = Math.min(mostWaitMs, attemptMs * 2 ** Math.min(attempt, 10))
      const lookMs = Math.min(mostLookMs, Math.max(leastLookMs, mostMs / looks))
      let leftMs = rng.next() * mostMs
      let mark: string | undefined
      let changedAtMs = 0
      for (;;) {
        const now = await look(signal)
        if (now.mark !== mark) {
          ;({ mark } = now)
          changedAtMs = clock.monotonic()
          if (await isDone(signal)) return true
        }
        // Whoever has fenced and not written yet is about to, unless it is gone.
        const isBusy = now.isTaken || (now.isFenced && clock.monotonic() - changedAtMs < 2 * attemptMs)
        if (!isBusy && leftMs <= 0) return false
        const stepMs = isBusy ? lookMs : Math.min(lookMs, leftMs)
        await clock.sleep(stepMs, signal)
        if (!isBusy) leftMs -= stepMs
      }
    },
  }
}

interface Look {
  /** Another one whenever anybody has done anything. */
  readonly mark: string
  readonly isTaken: boolean
  readonly isFenced: boolean
}
