import { describe, expect, it } from 'vitest'
import type { Clock } from '../../async/clock.ts'
import { startLagWatch } from './lag-watch.ts'

/** A clock whose sleepers are woken late, by so much one after the other, and then never. */
function lateClock(...lateMs: readonly number[]): { readonly clock: Clock; readonly isDone: () => boolean } {
  let now = 0
  const left = [...lateMs]
  const sleep = (ms: number, signal?: AbortSignal): Promise<void> => {
    const late = left.shift()
    if (late === undefined)
      return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('stopped'))))
    now += ms + late
    return Promise.resolve()
  }
  return { clock: { now: () => now, monotonic: () => now, sleep }, isDone: () => left.length === 0 }
}

async function lagAfter(...lateMs: readonly number[]): Promise<number> {
  const { clock, isDone } = lateClock(...lateMs)
  await using lag = startLagWatch(clock)
  for (let turn = 0; turn < 100; turn++) await Promise.resolve()
  expect(isDone()).toBe(true)
  return lag.lagMs
}

describe('startLagWatch', () => {
  it('tells by how much every look is late, and not a single pause', async () => {
    expect(await lagAfter(0, 0, 0)).toBe(0)
    expect(await lagAfter(0, 60_000, 0)).toBe(0)
    expect(await lagAfter(60_000, 60_000)).toBe(0)
    expect(await lagAfter(12_000, 14_000, 11_000)).toBe(11_000)
    expect(await lagAfter(12_000, 14_000, 11_000, 5, 0)).toBe(0)
  })
})
