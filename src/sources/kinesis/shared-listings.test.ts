import { describe, expect, it } from 'vitest'
import { createSharedListings } from './shared-listings.ts'
import type { SharedListings } from './shared-listings.ts'

const never = new AbortController().signal
const isNotEnough = (): boolean => false

interface Pending {
  readonly resolve: (value: number) => void
  readonly reject: (error: Error) => void
}

function create(): { readonly listings: SharedListings<number>; readonly pending: Pending[] } {
  const pending: Pending[] = []
  const listings = createSharedListings<number>(
    (_, signal) =>
      new Promise((resolve, reject) => {
        pending.push({ resolve, reject })
        signal.addEventListener('abort', () => reject(signal.reason))
      }),
  )
  return { listings, pending }
}

const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve)
  })

describe('listings that many ask for', () => {
  it('are shared by all who asked before they began, and by nobody who asked later', async () => {
    const { listings, pending } = create()
    const asks = [1, 2, 3].map(() => listings.get('s', isNotEnough, never))
    expect(pending.length).toBe(1)
    pending[0]?.resolve(10)
    await turn()
    expect(pending.length).toBe(2)
    pending[1]?.resolve(20)
    expect(await Promise.all(asks)).toEqual([10, 20, 20])
  })

  it('are not asked for again by whom an older one has told enough', async () => {
    const { listings, pending } = create()
    const first = listings.get('s', isNotEnough, never)
    const second = listings.get('s', () => true, never)
    pending[0]?.resolve(10)
    expect(await Promise.all([first, second])).toEqual([10, undefined])
    expect(pending.length).toBe(1)
  })

  it('fail for whoever began them; the others list anew', async () => {
    const { listings, pending } = create()
    const stop = new AbortController()
    const first = listings.get('s', isNotEnough, stop.signal)
    const second = listings.get('s', isNotEnough, never)
    stop.abort(new Error('told to stop'))
    await expect(first).rejects.toThrow('told to stop')
    await turn()
    pending[1]?.resolve(20)
    expect(await second).toBe(20)
    const failing = listings.get('s', isNotEnough, never)
    pending[2]?.reject(new Error('no such stream'))
    await expect(failing).rejects.toThrow('no such stream')
  })

  it('are not waited for by whoever is told to stop', async () => {
    const { listings, pending } = create()
    const stop = new AbortController()
    const first = listings.get('s', isNotEnough, never)
    const second = listings.get('s', isNotEnough, stop.signal)
    stop.abort(new Error('told to stop'))
    await expect(second).rejects.toThrow('told to stop')
    pending[0]?.resolve(10)
    expect(await first).toBe(10)
  })
})
