import { describe, expect, it } from 'vitest'
import { seededRng } from '../../async/rng.ts'
import { AwsServiceError } from '../../aws/aws.ts'
import type { AwsApi } from '../../aws/aws.ts'
import type { KeyAttribute } from '../../change/table.ts'
import { TailraceError } from '../../errors.ts'
import { createManualClock } from '../../testing/manual-clock.ts'
import { createSourceContext } from '../source-context.ts'
import { describeKeys } from './table-finder.ts'

const answer = {
  Table: {
    KeySchema: [
      { AttributeName: 'at', KeyType: 'RANGE' },
      { AttributeName: 'id', KeyType: 'HASH' },
    ],
    AttributeDefinitions: [
      { AttributeName: 'at', AttributeType: 'N' },
      { AttributeName: 'id', AttributeType: 'S' },
    ],
  },
}

/** Asks a service that refuses with each of these errors before it answers. */
function keysOf(...refusals: readonly Error[]): Promise<readonly KeyAttribute[]> {
  const left = [...refusals]
  const exchange: AwsApi['exchange'] = async ({ action, body }) => {
    expect([action, body]).toEqual(['DescribeTable', { TableName: 'orders' }])
    const refusal = left.shift()
    if (refusal !== undefined) throw refusal
    return { body: answer, bytes: 1 }
  }
  const clock = { ...createManualClock(), sleep: () => Promise.resolve() }
  const api: AwsApi = { call: () => Promise.reject(new Error('not used')), exchange }
  const context = createSourceContext({ api, clock, rng: seededRng(1) })
  return describeKeys(context, { name: 'orders', region: 'eu-west-1' }, new AbortController().signal)
}

describe('the keys of a table that need not have a stream', () => {
  it('are asked for until there is an answer', async () => {
    const refusals = ['AWS_THROTTLED', 'AWS_UNREACHABLE', 'AWS_CREDENTIALS'] as const
    const keys = [
      { name: 'id', type: 'S' },
      { name: 'at', type: 'N' },
    ]
    await expect(keysOf(...refusals.map((code) => new TailraceError(code, 'not now')))).resolves.toEqual(keys)
  })

  it('are not waited for where they may not be asked for, and where there is no such table', async () => {
    await expect(keysOf(new TailraceError('AWS_ACCESS_DENIED', 'no'))).rejects.toMatchObject({
      code: 'AWS_ACCESS_DENIED',
    })
    for (const type of ['ResourceNotFoundException', 'ValidationException']) {
      await expect(keysOf(new AwsServiceError(type, 'no', 400))).rejects.toMatchObject({
        code: 'TABLE_NOT_FOUND',
        details: { table: 'orders', region: 'eu-west-1' },
      })
    }
  })
})
