import { expect, it } from 'vitest'
import { seededRng } from '../../async/rng.ts'
import type { TransactionState } from '../../kafka/kafka.ts'
import { createManualClock } from '../../../test/servers/stream-simulator/manual-clock.ts'
import { createTurnWatch } from './turn-watch.ts'

const signal = new AbortController().signal
const never = (): Promise<boolean> => Promise.resolve(false)

function watchOf(stateAt: (ms: number) => Partial<TransactionState> | undefined) {
  const clock = createManualClock()
  const asked = new Set<string>()
  const kafka = {
    describeTransactions: (ids: readonly string[]): Promise<ReadonlyMap<string, TransactionState>> => {
      for (const id of ids) asked.add(id)
      const state = stateAt(clock.monotonic())
      const whole: TransactionState = { state: 'Empty', producerId: 1n, producerEpoch: 0, ...state }
      return Promise.resolve(new Map(state === undefined ? [] : ids.map((id) => [id, whole])))
    },
  }
  return { clock, asked, watch: createTurnWatch({ kafka, pipeline: 'shop', clock, rng: seededRng(1) }) }
}

it.each([
  [undefined, false],
  ['Empty', false],
  ['CompleteCommit', false],
  ['CompleteAbort', false],
  ['Ongoing', true],
  ['PrepareCommit', true],
] as const)('takes a lane in state %s for taken: %s', async (state, isTaken) => {
  const { watch, asked } = watchOf(() => (state === undefined ? undefined : { state }))
  expect(await watch.isTaken(signal)).toBe(isTaken)
  expect([...asked]).toEqual(['tailrace.shop.0'])
})

it('waits for a time of chance that grows with every failure', async () => {
  const waits = async (attempt: number): Promise<number> => {
    const { watch, clock } = watchOf(() => undefined)
    expect(await watch.untilTurn({ tookMs: 1_000, attempt }, never, signal)).toBe(false)
    return clock.monotonic()
  }
  expect(await waits(0)).toBeLessThanOrEqual(1_000)
  expect(await waits(3)).toBeGreaterThan(2 * (await waits(0)))
  expect(await waits(30)).toBeLessThanOrEqual(20_000)
})

it('lets everybody finish who has fenced the lane a moment ago, or has written something', async () => {
  const states = (ms: number): Partial<TransactionState> => {
    if (ms < 5_000) return { producerEpoch: Math.floor(ms / 500) }
    return { producerEpoch: 11, state: ms < 6_000 ? 'Ongoing' : ms < 7_000 ? 'PrepareCommit' : 'CompleteCommit' }
  }
  const { watch, clock } = watchOf(states)
  expect(await watch.untilTurn({ tookMs: 400, attempt: 0 }, never, signal)).toBe(false)
  expect(clock.monotonic()).toBeGreaterThanOrEqual(7_000)
  expect(clock.monotonic()).toBeLessThan(7_600)
})

it('does not wait for ever for somebody who has fenced the lane and is gone', async () => {
  const { watch, clock } = watchOf(() => ({ producerEpoch: 3 }))
  expect(await watch.untilTurn({ tookMs: 400, attempt: 0 }, never, signal)).toBe(false)
  expect(clock.monotonic()).toBeGreaterThanOrEqual(800)
  expect(clock.monotonic()).toBeLessThan(1_600)
})

it('ends at once when somebody else has done it, and asks for that only when something has happened', async () => {
  const { watch, clock } = watchOf((ms) => ({ producerEpoch: Math.floor(ms / 300) }))
  let asked = 0
  const isDone = (): Promise<boolean> => Promise.resolve(++asked === 4)
  expect(await watch.untilTurn({ tookMs: 300, attempt: 0 }, isDone, signal)).toBe(true)
  expect(clock.monotonic()).toBeGreaterThanOrEqual(900)
  expect(clock.monotonic()).toBeLessThan(1_200)
})

it('stops waiting when it is told to', async () => {
  const { watch } = watchOf((ms) => ({ producerEpoch: Math.floor(ms / 100) }))
  const stop = new AbortController()
  const isDone = (): Promise<boolean> => {
    stop.abort(new Error('the time is over'))
    return Promise.resolve(false)
  }
  await expect(watch.untilTurn({ tookMs: 300, attempt: 0 }, isDone, stop.signal)).rejects.toThrow('the time is over')
})
