import { describe, expect, it } from 'vitest'
import { seededRng } from '../../async/rng.ts'
import { AwsServiceError } from '../../aws/aws.ts'
import type { AwsApi } from '../../aws/aws.ts'
import { TailraceError } from '../../errors.ts'
import { createManualClock } from '../../testing/manual-clock.ts'
import { createKinesisContext } from './kinesis-context.ts'
import { findOldestRecord } from './oldest-record.ts'
import type { OldestRecord } from './oldest-record.ts'
import { labelStream } from './stream-label.ts'

const streamArn = labelStream('arn:aws:kinesis:eu-west-1:123456789012:stream/s', 1)
const record = { SequenceNumber: '700', PartitionKey: 'k', ApproximateArrivalTimestamp: 5.25, Data: '' }
const empty = (behind: number, next: string | null = 'n') => ({
  Records: [],
  MillisBehindLatest: behind,
  NextShardIterator: next,
})

/** Looks over answers of GetRecords in turn, the last one for ever; errors are thrown. */
async function lookOver(...answers: readonly unknown[]): Promise<{
  readonly found: OldestRecord | undefined
  readonly actions: readonly string[]
}> {
  const clock = createManualClock()
  const actions: string[] = []
  const exchange: AwsApi['exchange'] = async ({ action }) => {
    actions.push(action)
    if (action === 'GetShardIterator') return { body: { ShardIterator: 'first' }, bytes: 1 }
    const count = actions.filter((known) => known === 'GetRecords').length
    const answer = answers[Math.min(count, answers.length) - 1]
    if (answer instanceof Error) throw answer
    return { body: answer, bytes: 1 }
  }
  const api: AwsApi = { exchange, call: async (request, signal) => (await exchange(request, signal)).body }
  const context = createKinesisContext({ api, clock, rng: seededRng(1) })
  const looking = findOldestRecord(context, { streamArn, shardId: 'a' }, new AbortController().signal)
  await clock.advance(600_000)
  return { found: await looking, actions }
}

describe('findOldestRecord', () => {
  it('looks past empty pages', async () => {
    const { found } = await lookOver(empty(9), empty(8), { Records: [record], NextShardIterator: 'n' })
    expect(found).toEqual({ sequenceNumber: '700', arrivedAtMs: 5_250 })
  })

  it('finds nothing in a shard that is empty, or ends', async () => {
    expect((await lookOver(empty(0))).found).toBeUndefined()
    expect((await lookOver(empty(9), empty(9, null))).found).toBeUndefined()
  })

  it('gives up after many pages', async () => {
    const { found, actions } = await lookOver(empty(9))
    expect(found).toBeUndefined()
    expect(actions).toHaveLength(201)
  })

  it('begins anew with another iterator when its own has expired', async () => {
    const expired = new TailraceError('ITERATOR_EXPIRED', 'old')
    const { found, actions } = await lookOver(expired, { Records: [record], NextShardIterator: 'n' })
    expect(found?.sequenceNumber).toBe('700')
    expect(actions).toEqual(['GetShardIterator', 'GetRecords', 'GetShardIterator', 'GetRecords'])
  })

  it('knows nothing of a shard that is gone', async () => {
    expect((await lookOver(new AwsServiceError('ResourceNotFoundException', 'no', 400))).found).toBeUndefined()
  })
})
