import { describe, expect, it } from 'vitest'
import { createManualClock } from '../../test/servers/stream-simulator/manual-clock.ts'
import { seededRng } from '../async/rng.ts'
import { TailraceError } from '../errors.ts'
import { retryForever } from './retry-forever.ts'
import type { Retry, RetryOptions } from './retry-forever.ts'

const never = new AbortController().signal
const policy = { baseMs: 100, capMs: 2_000 }

function setUp(): { readonly options: RetryOptions; readonly retries: Retry[]; readonly sleeps: readonly number[] } {
  const clock = createManualClock()
  const retries: Retry[] = []
  return {
    options: { clock, rng: seededRng(3), policy, onRetry: (retry) => retries.push(retry) },
    retries,
    sleeps: clock.sleeps,
  }
}

describe('retryForever', () => {
  it('repeats what may be repeated, with jittered waits that grow to the cap', async () => {
    const { options, retries, sleeps } = setUp()
    let left = 200
    const answer = await retryForever(
      options,
      () => (left-- > 0 ? Promise.reject(new TailraceError('AWS_THROTTLED', 'slower')) : Promise.resolve('done')),
      never,
    )
    expect(answer).toBe('done')
    expect(retries.map((retry) => retry.attempt)).toEqual(Array.from({ length: 200 }, (_, i) => i))
    expect(sleeps[0]).toBeLessThanOrEqual(100)
    expect(Math.max(...sleeps)).toBeLessThanOrEqual(2_000)
    expect(Math.max(...sleeps)).toBeGreaterThan(1_900)
    expect(new Set(sleeps).size).toBeGreaterThan(190)
  })

  it('passes everything else on at once', async () => {
    const { options, sleeps } = setUp()
    for (const error of [new TailraceError('STREAM_GAP', 'gap'), new TypeError('bug')]) {
      await expect(retryForever(options, () => Promise.reject(error), never)).rejects.toBe(error)
    }
    expect(sleeps).toEqual([])
  })

  it('gives up on the codes that it is told to', async () => {
    const { options } = setUp()
    const denied = new TailraceError('AWS_ACCESS_DENIED', 'no')
    const attempt = (): Promise<never> => Promise.reject(denied)
    await expect(retryForever({ ...options, giveUpOn: ['AWS_ACCESS_DENIED'] }, attempt, never)).rejects.toBe(denied)
  })

  it('ends with the signal, whatever the attempt says', async () => {
    const { options } = setUp()
    const stop = new AbortController()
    const attempt = (): Promise<never> => {
      stop.abort(new Error('stopped'))
      return Promise.reject(new TailraceError('AWS_UNREACHABLE', 'away'))
    }
    await expect(retryForever(options, attempt, stop.signal)).rejects.toThrow('stopped')
    await expect(retryForever(options, () => Promise.resolve(1), stop.signal)).rejects.toThrow('stopped')
  })
})
