import { createGrace } from '../../async/grace.ts'
import type { Clock } from '../../async/clock.ts'
import type { Rng } from '../../async/rng.ts'
import { createTill } from './shop-till.ts'
import type { ShopTable } from './shop-table.ts'
import type { WriteLedger } from './write-ledger.ts'

/** A shop that works until it is told to stop. */
export interface ShopWorkload {
  readonly table: ShopTable
  readonly ledger: WriteLedger
  /** Writes a second of all tills together; a machine that is too slow makes fewer. */
  readonly perSecond: number
  /** The shop closes by itself after so many writes. */
  readonly mostWrites: number
  readonly clock: Clock
  readonly rng: Rng
}

/** At full rate. Each has at most one request under way. */
const mostTills = 12

/** What a till may make up for when it was held up. */
const maximumDelayMs = 1000

/** A request that is under way when the shop closes is answered first, so that no write has an unknown end. */
const lastRequestMs = 20_000

/** Runs all tills until `signal` aborts or there were `mostWrites`; then every write is answered and in the ledger. Rejects if a write fails. */
export async function runShop(workload: ShopWorkload, signal: AbortSignal): Promise<void> {
  const { clock, perSecond } = workload
  const failed = new AbortController()
  const closing = AbortSignal.any([signal, failed.signal])
  using grace = createGrace(clock, closing, lastRequestMs)
  const tills = Math.max(1, Math.min(mostTills, Math.round(perSecond / 2)))
  const pauseMs = (1000 * tills) / perSecond
  const running = Array.from({ length: tills }, (_, number) =>
    runTill(workload, { number, pauseMs, requests: grace.signal }, closing).catch((error: unknown) => {
      failed.abort(error)
      throw error
    }),
  )
  const outcomes = await Promise.allSettled(running)
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
}

async function runTill(
  workload: ShopWorkload,
  till: { readonly number: number; readonly pauseMs: number; readonly requests: AbortSignal },
  closing: AbortSignal,
): Promise<void> {
  const { clock, rng, ledger, mostWrites } = workload
  const { writeNext } = createTill(workload, till.number)
  let dueMs = clock.monotonic() + rng.next() * till.pauseMs
  while (!closing.aborted && ledger.written < mostWrites) {
    const waitMs = dueMs - clock.monotonic()
    // An abort ends the loop, which is all that it should do.
    if (waitMs > 0) await clock.sleep(waitMs, closing).catch(() => undefined)
    if (closing.aborted) return
    await writeNext(till.requests)
    // Uneven, as customers are.
    const pauseMs = till.pauseMs * (0.5 + rng.next())
    dueMs = Math.max(dueMs + pauseMs, clock.monotonic() - maximumDelayMs)
  }
}
