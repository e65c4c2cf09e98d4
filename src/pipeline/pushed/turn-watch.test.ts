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

it('waits for longer than an attempt takes, and for more and more different times', async () => {
  const waits = async (attempt: number): Promise<number> => {
    const { watch, clock } = watchOf(() => undefined)
    expect(await watch.untilQuiet({ tookMs: 1_000, attempt }, never, signal)).toBe(false)
    return clock.monotonic()
  }
  expect(await waits(0)).toBeGreaterThan(2_000)
  expect(await waits(3)).toBeGreaterThan(await waits(0))
})

it('begins to wait anew whenever somebody has fenced the lane meanwhile', async () => {
  const { watch, clock } = watchOf((ms) => ({ producerEpoch: Math.min(10, Math.floor(ms / 500)) }))
  expect(await watch.untilQuiet({ tookMs: 300, attempt: 0 }, never, signal)).toBe(false)
  expect(clock.monotonic()).toBeGreaterThan(5_000 + 600)
})

it('ends at once when somebody else has done it', async () => {
  const { watch, clock } = watchOf((ms) => ({ producerEpoch: Math.floor(ms / 100) }))
  const isDone = (): Promise<boolean> => Promise.resolve(clock.monotonic() > 3_000)
  expect(await watch.untilQuiet({ tookMs: 300, attempt: 0 }, isDone, signal)).toBe(true)
  expect(clock.monotonic()).toBeLessThan(4_000)
})

it('stops waiting when it is told to', async () => {
  const { watch } = watchOf((ms) => ({ producerEpoch: Math.floor(ms / 100) }))
  const stop = new AbortController()
  const isDone = (): Promise<boolean> => {
    stop.abort(new Error('the time is over'))
    return Promise.resolve(false)
  }
  await expect(watch.untilQuiet({ tookMs: 300, attempt: 0 }, isDone, stop.signal)).rejects.toThrow('the time is over')
})
