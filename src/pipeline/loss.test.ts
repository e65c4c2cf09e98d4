import { describe, expect, it } from 'vitest'
import { TailraceError } from '../errors.ts'
import type { ErrorCode } from '../error-catalogue.ts'
import { isFromBefore } from './loss.ts'

const hour = 3_600_000
const nowMs = Date.UTC(2026, 0, 10)
const notBeforeMs = nowMs - 10 * hour

function trimmed(code: ErrorCode, oldestLeftAtMs?: number): TailraceError {
  return new TailraceError(code, 'gone', { details: { oldestLeftAtMs } })
}

const shardId = 'shard-without-a-time'

describe('isFromBefore', () => {
  it('goes by the oldest change that is left, however long ago that was', () => {
    const shard = { shardId, notBeforeMs: nowMs - 100 * hour, createdAtMs: undefined }
    expect(isFromBefore(shard, trimmed('STREAM_GAP', shard.notBeforeMs - 1), nowMs)).toBe(true)
    // Between it and the beginning there may have been changes that are gone.
    expect(isFromBefore(shard, trimmed('STREAM_GAP', shard.notBeforeMs), nowMs)).toBe(false)
  })

  it.each(['STREAM_GAP', 'SHARD_NOT_FOUND'] as const)(
    'without any change left, goes by what streams keep: %s',
    (code) => {
      const old = { shardId, notBeforeMs, createdAtMs: notBeforeMs - 5 * hour }
      expect(isFromBefore(old, trimmed(code), nowMs)).toBe(true)
      expect(isFromBefore(old, trimmed(code), notBeforeMs + 21 * hour)).toBe(false)
      expect(isFromBefore({ ...old, createdAtMs: notBeforeMs - 3 * hour }, trimmed(code), nowMs)).toBe(false)
      expect(isFromBefore({ ...old, createdAtMs: undefined }, trimmed(code), nowMs)).toBe(false)
      expect(isFromBefore(old, trimmed(code), notBeforeMs + 21 * hour, 168 * hour)).toBe(true)
      expect(isFromBefore(old, trimmed(code), notBeforeMs + 165 * hour, 168 * hour)).toBe(false)
    },
  )

  it('believes that an unread shard is gone only if its name is old', () => {
    const named = (ms: number): string => `shardId-${String(ms).padStart(20, '0')}-0a1b2c3d`
    const unread = { notBeforeMs, createdAtMs: undefined }
    const gone = trimmed('SHARD_NOT_FOUND')
    expect(isFromBefore({ ...unread, shardId: named(notBeforeMs - 5 * hour) }, gone, nowMs)).toBe(true)
    expect(isFromBefore({ ...unread, shardId: named(nowMs - hour) }, gone, nowMs)).toBe(false)
    expect(isFromBefore({ ...unread, shardId }, gone, nowMs)).toBe(false)
  })

  it('is never so for a table that is wanted from its beginning, nor for other stops', () => {
    const old = { shardId, notBeforeMs: undefined, createdAtMs: notBeforeMs - 9 * hour }
    expect(isFromBefore(old, trimmed('STREAM_GAP', 1), nowMs)).toBe(false)
    expect(isFromBefore({ ...old, notBeforeMs }, trimmed('SOURCE_REPLACED', 1), nowMs)).toBe(false)
  })
})
