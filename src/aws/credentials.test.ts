import { describe, expect, it } from 'vitest'
import { createManualClock } from '../../test/servers/stream-simulator/manual-clock.ts'
import type { ManualClock } from '../../test/servers/stream-simulator/manual-clock.ts'
import { createCredentialsCache } from './credentials.ts'
import type { AwsCredentials, CredentialsCache } from './credentials.ts'

const never = new AbortController().signal

interface Provider {
  readonly clock: ManualClock
  readonly cache: CredentialsCache
  readonly loads: boolean[]
  lifetimeMs: number | undefined
  failure: Error | undefined
}

function provider(): Provider {
  const clock = createManualClock()
  const loads: boolean[] = []
  const state: Provider = {
    clock,
    loads,
    lifetimeMs: 3_600_000,
    failure: undefined,
    cache: createCredentialsCache({
      clock,
      roleArn: 'arn:aws:iam::1:role/reader',
      load: (afterRefusal): Promise<AwsCredentials> => {
        loads.push(afterRefusal)
        if (state.failure !== undefined) return Promise.reject(state.failure)
        const expiration = state.lifetimeMs === undefined ? undefined : new Date(clock.now() + state.lifetimeMs)
        return Promise.resolve({ accessKeyId: `key-${loads.length}`, secretAccessKey: 'secret', expiration })
      },
    }),
  }
  return state
}

describe('credentials', () => {
  it('are asked for once, also by many at once', async () => {
    const { cache, loads } = provider()
    const all = await Promise.all(Array.from({ length: 20 }, () => cache.get(never)))
    expect(new Set(all).size).toBe(1)
    await cache.get(never)
    expect(loads).toEqual([false])
  })

  it('are renewed in the background five minutes before they expire', async () => {
    const { cache, clock } = provider()
    await cache.get(never)
    clock.advance(3_600_000 - 299_000)
    expect((await cache.get(never)).accessKeyId).toBe('key-1')
    expect((await cache.get(never)).accessKeyId).toBe('key-2')
  })

  it('are waited for when they are about to expire', async () => {
    const { cache, clock } = provider()
    await cache.get(never)
    clock.advance(3_600_000 - 30_000)
    expect((await cache.get(never)).accessKeyId).toBe('key-2')
  })

  it('stay in use while a renewal in the background fails', async () => {
    const state = provider()
    await state.cache.get(never)
    state.failure = new Error('metadata service is away')
    state.clock.advance(3_600_000 - 200_000)
    for (let i = 0; i < 3; i++) expect((await state.cache.get(never)).accessKeyId).toBe('key-1')
    state.clock.advance(180_000)
    await expect(state.cache.get(never)).rejects.toMatchObject({ code: 'AWS_CREDENTIALS' })
  })

  it('are asked for anew after a refusal, but not more often than every five seconds', async () => {
    const state = provider()
    state.lifetimeMs = undefined
    const first = await state.cache.get(never)
    state.clock.advance(10_000)
    state.cache.refuse(first)
    const second = await state.cache.get(never)
    expect(second.accessKeyId).toBe('key-2')
    state.cache.refuse(first)
    expect(await state.cache.get(never)).toBe(second)
    state.cache.refuse(second)
    expect(await state.cache.get(never)).toBe(second)
    state.clock.advance(5_001)
    expect((await state.cache.get(never)).accessKeyId).toBe('key-3')
    expect(state.loads).toEqual([false, true, true])
  })

  it('that do not exist have a code; a role that may not be assumed names the action', async () => {
    const state = provider()
    state.failure = new Error('Could not load credentials from any providers')
    state.failure.name = 'CredentialsProviderError'
    await expect(state.cache.get(never)).rejects.toMatchObject({ code: 'AWS_CREDENTIALS' })
    state.failure = new Error('denied')
    state.failure.name = 'AccessDenied'
    await expect(state.cache.get(never)).rejects.toMatchObject({
      code: 'AWS_ACCESS_DENIED',
      message: 'Not allowed: sts:AssumeRole on arn:aws:iam::1:role/reader',
    })
  })

  it('do not keep a stopped caller waiting', async () => {
    const cache = createCredentialsCache({ clock: createManualClock(), load: () => new Promise(() => {}) })
    const stop = new AbortController()
    const waiting = cache.get(stop.signal)
    stop.abort(new Error('stopped'))
    await expect(waiting).rejects.toThrow('stopped')
  })
})
