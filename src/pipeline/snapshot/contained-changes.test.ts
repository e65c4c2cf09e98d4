import { describe, expect, it } from 'vitest'
import { containmentOf, createRowMemory } from './contained-changes.ts'

const readAtMs = 1_000_000
const judge = (before: string | null | undefined, after: string | null | undefined, createdAtMs = readAtMs): string =>
  containmentOf({ image: 's', readAtMs }, { createdAtMs, before: () => before, after: () => after })

describe('a change behind the row of its item', () => {
  it.each<[string, string | null | undefined, string | null | undefined, ReturnType<typeof judge>]>([
    ['begins with the row', 's', 'x', 'new'],
    ['begins with the row and deletes', 's', null, 'new'],
    ['ends in the row', 'x', 's', 'last'],
    ['inserts what the row shows', null, 's', 'last'],
    ['lies in between', 'x', 'y', 'contained'],
    ['deletes something else', 'x', null, 'contained'],
    ['inserts something else', null, 'x', 'contained'],
    ['changes nothing of the row', 's', 's', 'new'],
    ['has no old image', undefined, 'x', 'new'],
    ['has no old image and ends in the row', undefined, 's', 'new'],
    ['has no new image', 'x', undefined, 'new'],
    ['has no image at all', undefined, undefined, 'new'],
  ])('that %s', (_, before, after, verdict) => {
    expect(judge(before, after)).toBe(verdict)
  })

  it('is never left out when it is much younger than the row, and never left out for its age', () => {
    expect(judge('x', 'y', readAtMs + 120_000)).toBe('contained')
    expect(judge('x', 'y', readAtMs + 120_001)).toBe('new')
    expect(judge('x', 's', readAtMs + 120_001)).toBe('new')
    expect(judge('s', 'y', 0)).toBe('new')
  })

  it('is not compared when its time decides', () => {
    const image = (): never => {
      throw new Error('nobody asks')
    }
    const change = { createdAtMs: readAtMs + 200_000, before: image, after: image }
    expect(containmentOf({ image: 's', readAtMs }, change)).toBe('new')
  })
})

describe('the memory of rows', () => {
  it('forgets the oldest row when it is full, and a row that comes again is the newest', () => {
    const memory = createRowMemory(2)
    memory.begin(1)
    memory.remember([row('a'), row('b')], 1)
    memory.remember([row('a')], 2)
    memory.remember([row('c')], 3)
    expect([memory.rowOf('a'), memory.rowOf('b'), memory.rowOf('c')]).toEqual([
      { image: 'of a', readAtMs: 2 },
      undefined,
      { image: 'of c', readAtMs: 3 },
    ])
    expect(memory.size).toBe(2)
  })

  it('forgets what it is told to', () => {
    const memory = createRowMemory(10)
    memory.remember([row('a'), row('b')], 1)
    memory.forget(['a', 'never seen'])
    expect([memory.rowOf('a'), memory.rowOf('b')?.image]).toEqual([undefined, 'of b'])
  })

  it('forgets everything when another run begins, and nothing when the same one goes on', () => {
    const memory = createRowMemory(10)
    expect(memory.run).toBeUndefined()
    memory.begin(1)
    memory.remember([row('a')], 1)
    memory.begin(1)
    expect(memory.size).toBe(1)
    memory.begin(2)
    expect([memory.size, memory.run]).toEqual([0, 2])
  })
})

function row(item: string): { readonly item: string; readonly image: string } {
  return { item, image: `of ${item}` }
}
