import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRecentKeys } from './recent-keys.ts'

const key = (text: string): Buffer => Buffer.from(text)

describe('the keys that a lane has emitted lately', () => {
  it('displace rows that were asked for before, and no others', () => {
    const keys = createRecentKeys(10)
    const first = keys.request()
    keys.note(key('a'))
    const second = keys.request()
    keys.note(key('b'))
    expect([keys.hasSince(key('a'), first), keys.hasSince(key('a'), second)]).toEqual([true, false])
    expect([keys.hasSince(key('b'), first), keys.hasSince(key('b'), second)]).toEqual([true, true])
    expect(keys.hasSince(key('c'), first)).toBe(false)
  })

  it('are remembered only for as long as a page is under way that they could displace', () => {
    const keys = createRecentKeys(10)
    keys.note(key('before'))
    const first = keys.request()
    keys.note(key('a'))
    const second = keys.request()
    keys.note(key('b'))
    keys.settle(first)
    expect(keys.size).toBe(1)
    keys.settle(second)
    expect(keys.size).toBe(0)
  })

  it('void the pages under way when they become too many', () => {
    const keys = createRecentKeys(2)
    const early = keys.request()
    for (const text of ['a', 'b', 'c']) keys.note(key(text))
    const late = keys.request()
    expect([keys.isKnown(early), keys.isKnown(late), keys.size]).toEqual([false, true, 0])
    keys.settle(early)
    keys.note(key('d'))
    expect(keys.hasSince(key('d'), late)).toBe(true)
  })

  it('agree with a memory that forgets nothing, for every page that is not given up', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('note' as const), key: fc.constantFrom('a', 'b', 'c', 'd') }),
      fc.record({ kind: fc.constant('request' as const) }),
      fc.record({ kind: fc.constant('settle' as const), which: fc.nat(5) }),
    )
    fc.assert(
      fc.property(fc.array(step, { size: 'max', maxLength: 60 }), fc.integer({ min: 1, max: 4 }), (steps, limit) => {
        const keys = createRecentKeys(limit)
        const noted: { readonly key: string; readonly at: number }[] = []
        const open = new Map<number, number>()
        for (const [at, one] of steps.entries()) {
          if (one.kind === 'note') {
            keys.note(key(one.key))
            noted.push({ key: one.key, at })
          } else if (one.kind === 'request') open.set(keys.request(), at)
          else {
            const request = [...open.keys()][one.which]
            if (request !== undefined) keys.settle(request)
            if (request !== undefined) open.delete(request)
          }
          for (const [request, since] of open) {
            if (!keys.isKnown(request)) continue
            for (const name of ['a', 'b', 'c', 'd']) {
              const expected = noted.some((note) => note.key === name && note.at > since)
              expect(keys.hasSince(key(name), request)).toBe(expected)
            }
          }
          expect(keys.size).toBeLessThanOrEqual(limit)
        }
      }),
    )
  })
})
