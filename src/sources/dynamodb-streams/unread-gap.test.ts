import { describe, expect, it } from 'vitest'
import type { AwsApi } from '../../aws/aws.ts'
import { findUnreadGap } from './unread-gap.ts'

const hourMs = 3_600_000
const nowMs = 1_800_000_000_000
const { signal } = new AbortController()

/** A shard whose oldest record is so old; none if undefined. */
function shardWith(oldestAgeHours: number | undefined): { readonly api: AwsApi; readonly asked: () => number } {
  let asked = 0
  const createdAt = (nowMs - (oldestAgeHours ?? 0) * hourMs) / 1000
  const record = { dynamodb: { SequenceNumber: '700', ApproximateCreationDateTime: createdAt } }
  const call: AwsApi['call'] = async ({ action }) => {
    asked++
    if (action === 'GetShardIterator') return { ShardIterator: 'first' }
    return { Records: oldestAgeHours === undefined ? [] : [record] }
  }
  return {
    api: { call, exchange: async (request, end) => ({ body: await call(request, end), bytes: 0 }) },
    asked: () => asked,
  }
}
const gapOf = (unreadHours: number | undefined, oldestAgeHours?: number) => {
  const { api, asked } = shardWith(oldestAgeHours)
  const unreadSinceMs = unreadHours === undefined ? undefined : nowMs - unreadHours * hourMs
  const found = findUnreadGap(api, { streamArn: 's', shardId: 'a', unreadSinceMs }, { nowMs, signal })
  return { found, asked }
}

describe('a shard of which nothing was read', () => {
  it.each([undefined, 0, 23.7])('is not even looked at while all of it is surely there (%s hours)', async (hours) => {
    const { found, asked } = gapOf(hours, 1)
    expect(await found).toBeUndefined()
    expect(asked()).toBe(0)
  })

  it('may lack changes after a day, whether something is left of it or not', async () => {
    expect(await gapOf(25, 3).found).toEqual({
      hours: 25,
      oldestLeft: { sequenceNumber: '700', createdAtMs: nowMs - 3 * hourMs },
    })
    expect(await gapOf(23.75).found).toEqual({ hours: 23, oldestLeft: undefined })
  })

  it('lacks nothing if the oldest that is left is from before the changes that count', async () => {
    expect(await gapOf(23.8, 24.1).found).toBeUndefined()
    expect(await gapOf(23.8, 24).found).toMatchObject({ hours: 23 })
  })
})
