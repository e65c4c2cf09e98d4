import { systemClock as clock } from '../../../src/async/system-clock.ts'
import type { Rng } from '../../../src/async/rng.ts'
import { transactionalIdOf } from '../../../src/lanes/lane-session.ts'
import type { FaultProxy } from '../../faults/fault-proxy.ts'
import { apiKeys } from '../../faults/kafka-apis.ts'
import type { KafkaRequest } from '../../faults/toxic.ts'
import type { Experiment } from '../experiment.ts'
import type { FaultBook } from './fault-book.ts'
import { pipelineName } from './ground.ts'
import { isStruckWithin } from './struck-within.ts'
import { startTailraceRun } from './tailrace-run.ts'

const lanes = 8
const strikes = 60
/** Shorter than the delays of strikes, so that a late request is past the client's patience. Milliseconds. */
const requestTimeoutMs = 400

/** E16: the classic hazard of Kafka's transactions, KAFKA-17754. */
export const lateEndTransaction = experimentOf({
  id: 'E16',
  title: 'EndTxn arrives late or twice, in the middle of the next transaction of the same transactional id',
  kinds: ['delay-request', 'duplicate-request'],
})

/**
 * The same where brokers know only the older transactions, which cannot tell one EndTxn from the other by its epoch: there
 * nothing is ever sent twice, and whatever is in doubt gets a new epoch.
 */
export const lateEndTransactionV1 = experimentOf({
  id: 'E16-v1',
  title:
    'EndTxn arrives late, in the middle of the next transaction of the same transactional id, under transactions V1',
  kinds: ['delay-request'],
  transactionVersion: 1,
})

interface Variant {
  readonly id: string
  readonly title: string
  readonly kinds: StrayOptions['kinds']
  readonly transactionVersion?: 1
}

function experimentOf({ id, title, kinds, ...protocol }: Variant): Experiment {
  return {
    id,
    title,
    tier: 'K',
    arm: 'tailrace',
    minimum: { records: 400, faults: { 'stray-end-transaction': 50 } },
    target: { faults: { 'stray-end-transaction': 1_000 } },
    run: async (seed, signal) => {
      const load = { workers: 2, lanes, openShards: 8, changesPerSecond: 150 }
      await using run = await startTailraceRun({ seed, signal, requestTimeoutMs, ...load, ...protocol })
      const { ground, book } = run
      const [proxy] = ground.kafka.doors
      if (proxy === undefined) throw new Error('the broker has no door')
      const codes = new Map<string, number>()
      const options = { proxy, book, kinds, codes, signal, rng: ground.rng, budget: { left: strikes } }
      const ids = Array.from({ length: lanes }, (_, lane) => transactionalIdOf(pipelineName, lane))
      await Promise.all(ids.map((transactionalId) => strikeOften(options, transactionalId)))
      book.ended()
      return await run.finish({ notes: [`answers to the strays: ${JSON.stringify(Object.fromEntries(codes))}`] })
    },
  }
}

/** What strays are made with. */
export interface StrayOptions {
  readonly proxy: FaultProxy
  readonly rng: Rng
  readonly book: FaultBook
  /** Kept back, or a copy of it. */
  readonly kinds: readonly ('delay-request' | 'duplicate-request')[]
  /** Counts the broker's answers to strays by code. */
  readonly codes: Map<string, number>
  /** Strikes that are still to come, shared by all ids. */
  readonly budget: { left: number }
  readonly signal: AbortSignal
}

/** Strays for one transactional id, one after the other, until the budget is spent or nothing has been sent for long. */
export async function strikeOften(options: StrayOptions, transactionalId: string): Promise<void> {
  const { budget, signal, rng } = options
  for (let misses = 0; budget.left > 0 && misses < 4;) {
    signal.throwIfAborted()
    budget.left--
    const hasStruck = await strikeOnce(options, transactionalId)
    if (!hasStruck) {
      budget.left++
      misses++
    }
    await clock.sleep(rng.next() * 150)
  }
}

/** How long to wait for the next transaction. */
const patienceMs = 15_000

/**
 * Keeps an EndTxn back (or a copy of it) until the next transaction of the id is under way at the broker, and lets it go
 * then: in front of that one's EndTxn, or in front of its first records. False if there was no next transaction in time.
 */
export async function strikeOnce(options: StrayOptions, transactionalId: string): Promise<boolean> {
  const { proxy, rng, book, codes, kinds } = options
  const kind = kinds[Math.floor(rng.next() * kinds.length)] ?? 'delay-request'
  const isOurs = ({ fields }: KafkaRequest): boolean => fields?.['transactionalId'] === transactionalId
  await using stray = proxy.add({ kind, apiKey: apiKeys.EndTxn, count: 1, whenRequest: isOurs })
  if (!(await isStruckWithin(stray, patienceMs))) return false
  await using next = proxy.add({ ...someMoment(rng, isOurs), kind: 'delay-request', count: 1 })
  if (!(await isStruckWithin(next, patienceMs))) return false
  const answers = await stray.release()
  book.struck('stray-end-transaction')
  for (const { errorCode } of answers) codes.set(String(errorCode), (codes.get(String(errorCode)) ?? 0) + 1)
  await next.release()
  return true
}

/** Before the end of a transaction, or before its first, second or third request with records. */
function someMoment(
  rng: Rng,
  isOurs: (request: KafkaRequest) => boolean,
): { readonly apiKey: number; readonly whenRequest: (request: KafkaRequest) => boolean } {
  if (rng.next() < 0.6) return { apiKey: apiKeys.EndTxn, whenRequest: isOurs }
  let before = Math.floor(rng.next() * 3)
  return { apiKey: apiKeys.Produce, whenRequest: (request) => isOurs(request) && before-- <= 0 }
}
