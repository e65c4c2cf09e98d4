import { describe, expect, it } from 'vitest'
import { awaitedSince, birthOf, surelyKeptMs } from './retention.ts'

const hourMs = 3_600_000
const nowMs = 1_800_000_000_000

describe('the moment from which changes of a shard without a past are awaited', () => {
  it('is now for whatever is left', () => {
    expect(awaitedSince(undefined, nowMs)).toBe(nowMs)
  })

  it('is that from which changes are wanted, if the stream surely reaches back to it', () => {
    expect(awaitedSince(nowMs - 20 * hourMs, nowMs)).toBe(nowMs - 20 * hourMs)
  })

  it('is now where a start position lies at the edge of what is kept, in front of it, or ahead', () => {
    expect(awaitedSince(nowMs - surelyKeptMs + 1, nowMs)).toBe(nowMs)
    expect(awaitedSince(nowMs - 90 * hourMs, nowMs)).toBe(nowMs)
    expect(awaitedSince(nowMs + hourMs, nowMs)).toBe(nowMs)
  })
})

describe("a shard's name", () => {
  it('tells when DynamoDB made it', () => {
    expect(birthOf('shardId-00000001414562045508-2bac9cd2')).toBe(1_414_562_045_508)
  })

  it.each(['shardId-000000000012', 'a', ''])('tells nothing in other forms: %s', (shardId) => {
    expect(birthOf(shardId)).toBeUndefined()
  })
})
