import { describe, expect, it } from 'vitest'
import { encodeNote, holdsNothingBack } from './reader-notes.ts'
import type { NotedTail, OlderTail } from './reader-notes.ts'
import { createShardTail } from './shard-tail.ts'

const noteOf = (own: NotedTail, ...older: readonly OlderTail[]): string =>
  encodeNote({ readUpToMs: 0, bounds: { frontierMicros: 0, floorMicros: 0 }, own, older })
/** Of records 1, 2, 3 … of a shard, which are dealt with. */
const tailOf = (...dealt: readonly boolean[]): NotedTail => {
  const tail = createShardTail(undefined)
  for (const [at, isDealtWith] of dealt.entries()) {
    const place = tail.add(String(at + 1))
    if (isDealtWith) place.deal()
  }
  return { from: '1', tail: tail.snapshot() }
}

describe('a note holds nothing back', () => {
  it('if everything that was read is dealt with, whatever is remembered of it', () => {
    expect(holdsNothingBack(noteOf(tailOf()))).toBe(true)
    expect(holdsNothingBack(noteOf(tailOf(true, true, true)))).toBe(true)
  })

  it('unless a record waits, be it the last one or one far behind', () => {
    expect(holdsNothingBack(noteOf(tailOf(true, false)))).toBe(false)
    expect(holdsNothingBack(noteOf(tailOf(false, true)))).toBe(false)
    const straggler = [false, ...Array.from({ length: 600 }, () => true)]
    expect(tailOf(...straggler).tail.stragglers).toEqual(['1'])
    expect(holdsNothingBack(noteOf(tailOf(...straggler)))).toBe(false)
  })

  it('unless one of an ancestor does', () => {
    const older = { ...tailOf(true, false), shardId: 'parent', range: undefined }
    expect(holdsNothingBack(noteOf(tailOf(true), older))).toBe(false)
  })

  it('and a text that is no note says nothing', () => {
    expect(() => holdsNothingBack('{}')).toThrow(/cannot be read/)
    expect(() => holdsNothingBack('{"v":99}')).toThrow(/format 99/)
  })
})
