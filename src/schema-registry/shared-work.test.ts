import { describe, expect, it } from 'vitest'
import { createSharedWork } from './shared-work.ts'

const never = new AbortController().signal

/** Work that is settled by hand and keeps the signals that it was begun with. */
function byHand(): {
  readonly begin: (signal: AbortSignal) => Promise<string>
  readonly begun: readonly { readonly signal: AbortSignal; readonly resolve: (value: string) => void }[]
} {
  const begun: { signal: AbortSignal; resolve: (value: string) => void }[] = []
  const begin = (signal: AbortSignal): Promise<string> =>
    new Promise((resolve, reject) => {
      begun.push({ signal, resolve })
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
  return { begin, begun }
}

describe('shared work', () => {
  it('is begun once for each key while it is under way, and anew afterwards', async () => {
    const work = createSharedWork<string>(never)
    const { begin, begun } = byHand()
    const both = Promise.all([work.join('a', begin, never), work.join('a', begin, never)])
    const other = work.join('b', begin, never)
    expect(begun).toHaveLength(2)
    begun[0]?.resolve('one')
    begun[1]?.resolve('two')
    expect(await both).toEqual(['one', 'one'])
    expect(await other).toBe('two')
    const again = work.join('a', begin, never)
    begun[2]?.resolve('three')
    expect(await again).toBe('three')
  })

  it('fails for all who wait, and is begun anew afterwards', async () => {
    const work = createSharedWork<string>(never)
    const broken = (): Promise<string> => Promise.reject(new Error('broken'))
    const outcomes = await Promise.allSettled([work.join('a', broken, never), work.join('a', broken, never)])
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(await work.join('a', () => Promise.resolve('whole'), never)).toBe('whole')
  })

  it('goes on while somebody waits, and is called off behind the last', async () => {
    const work = createSharedWork<string>(never)
    const { begin, begun } = byHand()
    const [first, second] = [new AbortController(), new AbortController()]
    const left = Promise.allSettled([work.join('a', begin, first.signal)])
    const stays = Promise.allSettled([work.join('a', begin, second.signal)])
    first.abort('first stops')
    expect(await left).toEqual([{ status: 'rejected', reason: 'first stops' }])
    expect(begun[0]?.signal.aborted).toBe(false)
    second.abort('second stops')
    expect(begun[0]?.signal.aborted).toBe(true)
    // At the same moment: nobody joins what is about to end.
    const anew = work.join('a', begin, never)
    expect(begun).toHaveLength(2)
    begun[1]?.resolve('done')
    expect(await anew).toBe('done')
    expect(await stays).toEqual([{ status: 'rejected', reason: 'second stops' }])
  })

  it('is not begun for a signal that has aborted, nor once all is closed', async () => {
    const closing = new AbortController()
    const work = createSharedWork<string>(closing.signal)
    const { begin, begun } = byHand()
    await expect(work.join('a', begin, AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped')
    const waiting = Promise.allSettled([work.join('a', begin, never)])
    closing.abort(new Error('closed'))
    expect(await waiting).toMatchObject([{ status: 'rejected', reason: { message: 'closed' } }])
    await expect(work.join('a', begin, never)).rejects.toThrow('closed')
    expect(begun).toHaveLength(1)
  })
})
