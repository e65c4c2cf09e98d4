import fc from 'fast-check'
import { expect, test } from 'vitest'
import { assignSticky } from './sticky-assignor.ts'
import type { MemberClaim } from './sticky-assignor.ts'

const claim = (memberId: string, owned: readonly number[], generation: number): MemberClaim => ({
  memberId,
  owned,
  generation,
})

/** Generations until nobody loses anything; checks that no partition ever has two owners on the way. */
function settle(
  members: ReadonlyMap<string, readonly number[]>,
  partitions: number,
): ReadonlyMap<string, readonly number[]> {
  let current = members
  for (let generation = 1; generation < 4; generation++) {
    const claims = [...current].map(([id, owned]) => claim(id, owned, generation))
    const shares = assignSticky(claims, partitions)
    const owners = new Map([...current].flatMap(([id, owned]) => owned.map((partition) => [partition, id])))
    const given = [...shares].flatMap(([id, share]) => share.map((partition) => ({ id, partition })))
    expect(new Set(given.map(({ partition }) => partition)).size).toBe(given.length)
    for (const { id, partition } of given) expect(owners.get(partition) ?? id).toBe(id)
    const hasLost = [...current].some(([id, owned]) => owned.some((partition) => !shares.get(id)?.includes(partition)))
    current = shares
    if (!hasLost) return current
  }
  throw new Error('does not settle')
}

const moved = (before: ReadonlyMap<string, readonly number[]>, after: ReadonlyMap<string, readonly number[]>): number =>
  [...before].flatMap(([id, owned]) => owned.filter((partition) => !after.get(id)?.includes(partition))).length

test('whoever joins or leaves: settles in three generations, even to within one, and only what must moves', () => {
  const steps = fc.array(fc.oneof(fc.constant('join' as const), fc.nat({ max: 9 })), {
    minLength: 1,
    maxLength: 12,
    size: 'max',
  })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), steps, (partitions, all) => {
      let members: ReadonlyMap<string, readonly number[]> = settle(new Map([['m0', []]]), partitions)
      for (const [index, step] of all.entries()) {
        const next = new Map(members)
        const leaver = typeof step === 'number' ? [...members.keys()][step % members.size] : undefined
        if (leaver === undefined) next.set(`m${index + 1}`, [])
        else if (members.size > 1) next.delete(leaver)
        const after = settle(next, partitions)
        const sizes = [...after.values()].map((share) => share.length)
        expect([...after.values()].flat().toSorted((a, b) => a - b)).toEqual([...Array(partitions).keys()])
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
        const newcomers = leaver === undefined ? Math.ceil(partitions / after.size) : 0
        expect(moved(next, after)).toBeLessThanOrEqual(newcomers)
        members = after
      }
    }),
  )
})

test('what two claim in one generation counts as free', () => {
  const shares = assignSticky([claim('a', [0, 1], 4), claim('b', [1, 2], 4)], 4)
  expect([...shares.values()].flat().toSorted((x, y) => x - y)).toEqual([0, 1, 2, 3])
  expect(shares.get('a')).toContain(0)
  expect(shares.get('b')).toContain(2)
})

test('a member that missed a generation keeps what nobody else was given', () => {
  const missed = claim('alive', [0, 1, 5, 7], 83)
  const shares = assignSticky([claim('other', [2, 3, 4], 84), claim('new', [], 84), missed], 8)
  const taken = [...shares].flatMap(([id, share]) => (id === 'alive' ? [] : share))
  // It lets go of what is too much first; only the next generation may give that to somebody else.
  expect(taken.filter((partition) => missed.owned.includes(partition))).toEqual([])
  expect(shares.get('alive')).toHaveLength(3)
})

test('of two claims the one of the newer generation counts', () => {
  const shares = assignSticky([claim('old', [0, 1], 3), claim('now', [1, 2], 4)], 3)
  expect(shares.get('old')).toContain(0)
  expect(shares.get('now')).toContain(1)
})
