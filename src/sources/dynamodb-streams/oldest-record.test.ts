import { describe, expect, it } from 'vitest'
import { AwsServiceError } from '../../aws/aws.ts'
import type { AwsApi } from '../../aws/aws.ts'
import { TailraceError } from '../../errors.ts'
import { findOldestRecord } from './oldest-record.ts'

const shard = { streamArn: 'arn:aws:dynamodb:eu-west-1:000000000000:table/t/stream/s', shardId: 'shardId-1' }
const { signal } = new AbortController()

/** Answers of GetRecords; an error is thrown. */
function apiWith(...pages: readonly unknown[]): AwsApi {
  const left = [...pages]
  const call: AwsApi['call'] = async ({ action }) => {
    const answer = action === 'GetShardIterator' ? { ShardIterator: 'first' } : left.shift()
    if (answer instanceof Error) throw answer
    return answer
  }
  return { call, exchange: async (request, end) => ({ body: await call(request, end), bytes: 0 }) }
}

describe('findOldestRecord', () => {
  it('looks past empty pages', async () => {
    const record = { dynamodb: { SequenceNumber: '700', ApproximateCreationDateTime: 5 } }
    const api = apiWith({ Records: [], NextShardIterator: 'second' }, { Records: [record] })
    expect(await findOldestRecord(api, shard, signal)).toEqual({ sequenceNumber: '700', createdAtMs: 5000 })
  })

  it('knows nothing when the horizon moves on between its two requests', async () => {
    const api = apiWith(new AwsServiceError('TrimmedDataAccessException', 'trimmed', 400))
    expect(await findOldestRecord(api, shard, signal)).toBeUndefined()
  })

  it('passes on what the reader repeats', async () => {
    const api = apiWith(new TailraceError('AWS_THROTTLED', 'slow down'))
    await expect(findOldestRecord(api, shard, signal)).rejects.toThrow('slow down')
  })
})
