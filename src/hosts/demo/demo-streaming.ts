import type { Clock } from '../../async/clock.ts'
import type { Rng } from '../../async/rng.ts'
import type { KafkaApi } from '../../kafka/kafka.ts'
import type { DemoWorker } from './demo-worker.ts'
import type { LiveView } from './live-view.ts'
import type { ShopChange } from './shop-change.ts'
import type { ShopTable } from './shop-table.ts'
import { openTakings } from './shop-till.ts'
import { runShop } from './shop-workload.ts'
import { watchTopic } from './topic-watch.ts'
import type { WriteLedger } from './write-ledger.ts'

/** Everything that takes part while the demo streams. */
export interface Streaming {
  readonly table: ShopTable
  readonly worker: DemoWorker
  /** Aborts when something on the way from the table to the worker cannot go on, with the error as its reason. */
  readonly failed: AbortSignal
  /** For the reader that measures; not the worker's connections. */
  readonly kafka: KafkaApi
  readonly ledger: WriteLedger
  readonly view: LiveView
  readonly perSecond: number
  /** How long the shop is open; undefined: until the signal aborts. */
  readonly forMs: number | undefined
  readonly clock: Clock
  readonly rng: Rng
}

/** So many writes fit into memory with room to spare, here and in DynamoDB Local: half an hour at the usual rate. */
const mostWrites = 500_000

/** What has not arrived so long after the last write is lost. */
const arrivalLimitMs = 30_000
const arrivalPollMs = 25

/**
 * Opens the shop, follows the topic, closes the shop when the time is over or `signal` aborts, and waits for the changes
 * that are still on their way. Rejects if the worker, the shop or the reader fails.
 */
export async function streamShop(streaming: Streaming, signal: AbortSignal): Promise<void> {
  const { worker, kafka, ledger, view, clock } = streaming
  const { topic, partitions } = worker
  const end = new AbortController()
  const watchFailed = new AbortController()
  const onChange = (change: ShopChange): void => {
    if (change.isRow) return
    ledger.see({ key: change.key, rank: change.rank, seenMs: clock.monotonic() })
    view.land(change)
  }
  const watching = watchTopic({ kafka, topic, partitions, onChange }, clock, end.signal).catch((error: unknown) =>
    watchFailed.abort(error),
  )
  const drawing = view.run(end.signal)
  const broken = AbortSignal.any([worker.failed, streaming.failed, watchFailed.signal])
  try {
    await keepOpen(streaming, AbortSignal.any([signal, broken]))
    const missing = ledger.written - ledger.seen
    if (missing > 0) view.note(`the shop is closed; ${missing} changes are on their way`)
    await untilArrived(ledger, clock, broken)
  } finally {
    end.abort()
    await Promise.all([watching, drawing])
  }
  broken.throwIfAborted()
}

/** Writes until the time is over or `signal` aborts. */
async function keepOpen(streaming: Streaming, signal: AbortSignal): Promise<void> {
  const { forMs, clock, view, ledger } = streaming
  const over = new AbortController()
  const closing = AbortSignal.any([signal, over.signal])
  // Either the time is over, or the shop is closed before and the timer is not needed any more.
  const timer =
    forMs === undefined
      ? undefined
      : clock.sleep(forMs, closing).then(
          () => over.abort(),
          () => undefined,
        )
  try {
    await openTakings(streaming, neverAborts)
    await runShop({ ...streaming, mostWrites }, closing)
    if (!closing.aborted) view.note(`the shop closes after ${ledger.written.toLocaleString('en-US')} writes`)
  } finally {
    over.abort()
    await timer
  }
}

async function untilArrived(ledger: WriteLedger, clock: Clock, broken: AbortSignal): Promise<void> {
  const deadlineMs = clock.monotonic() + arrivalLimitMs
  while (ledger.seen < ledger.written && clock.monotonic() < deadlineMs && !broken.aborted)
    await clock.sleep(arrivalPollMs)
}

/** The first write is let through whatever happens, so that its end is known. */
const neverAborts = new AbortController().signal
