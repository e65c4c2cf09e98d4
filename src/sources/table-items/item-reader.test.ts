import { describe, expect, it } from 'vitest'
import { tableOf } from '../../../test/oracle/arbitrary-items.ts'
import { seededRng } from '../../async/rng.ts'
import { AwsServiceError } from '../../aws/aws.ts'
import type { AwsApi, AwsRequest } from '../../aws/aws.ts'
import type { Item } from '../../change/attribute-value.ts'
import { TailraceError } from '../../errors.ts'
import { createManualClock } from '../../testing/manual-clock.ts'
import { createItemReader } from './item-reader.ts'
import type { ItemReader } from './item-reader.ts'

const table = tableOf('KEYS_ONLY')
const never = new AbortController().signal
const keyOf = (index: number): Item => ({ pk: { S: `item-${index}` }, sk: { N: '1' } })
const many = Array.from({ length: 250 }, (_, index) => keyOf(index))

interface Asked {
  readonly keys: readonly Item[]
  readonly isConsistent: unknown
}

/**
 * `answer` says for how many of the keys there is an answer, or throws; `answeredAs` is what the answer calls the table. Only what is
 * asked of the table by its ARN is seen.
 */
function reader(
  answer: (asked: Asked, count: number) => number,
  answeredAs = table.arn,
): { readonly items: ItemReader; readonly asked: Asked[] } {
  const asked: Asked[] = []
  const exchange = ({ body }: AwsRequest) => {
    const requests = body['RequestItems'] as Record<string, { Keys: Item[]; ConsistentRead: unknown }>
    const { Keys: keys, ConsistentRead: isConsistent } = requests[table.arn] ?? { Keys: [], ConsistentRead: undefined }
    asked.push({ keys, isConsistent })
    const done = answer({ keys, isConsistent }, asked.length)
    const items = keys.slice(0, done).filter((key) => JSON.stringify(key) !== JSON.stringify(keyOf(7)))
    const left = keys.slice(done)
    return {
      Responses: { [answeredAs]: items.map((key) => ({ ...key, sk: { N: '1.0' }, note: { S: 'x' } })) },
      UnprocessedKeys: left.length === 0 ? {} : { [answeredAs]: { Keys: left } },
    }
  }
  const api: AwsApi = {
    call: () => Promise.reject(new Error('not used')),
    exchange: async (request) => ({ body: await Promise.resolve(exchange(request)), bytes: 1 }),
  }
  const clock = { ...createManualClock(), sleep: () => Promise.resolve() }
  return { items: createItemReader({ api, clock, rng: seededRng(1) }), asked }
}

describe('reading items by their keys', () => {
  it('asks consistently, for a hundred at a time, until each key has its answer, and for each key once', async () => {
    const { items, asked } = reader(({ keys }) => Math.min(keys.length, 60))
    const found = await items.read(table, [...many, ...many], never)
    expect(found.size).toBe(249)
    expect([...found.values()][0]).toMatchObject({ note: { S: 'x' } })
    expect(asked.every(({ keys, isConsistent }) => keys.length <= 100 && isConsistent === true)).toBe(true)
    expect(asked.reduce((sum, { keys }) => sum + Math.min(keys.length, 60), 0)).toBe(250)
  })

  it('takes an answer that calls the table by its name, though it was asked for by its ARN', async () => {
    const { items } = reader(({ keys }) => Math.min(keys.length, 60), table.name)
    expect((await items.read(table, many, never)).size).toBe(249)
  })

  it('waits out throttles, in whole and in part', async () => {
    const { items, asked } = reader(({ keys }, count) => {
      if (count === 1) throw new TailraceError('AWS_THROTTLED', 'slower')
      return count < 5 ? 0 : keys.length
    })
    expect((await items.read(table, [keyOf(1)], never)).size).toBe(1)
    expect(asked).toHaveLength(5)
  })

  it.each([
    ['ResourceNotFoundException', 'TABLE_NOT_FOUND'],
    ['ValidationException', 'RESELECT_REFUSED'],
  ])('passes on what waiting does not help against: %s', async (type, code) => {
    const { items } = reader(() => {
      throw new AwsServiceError(type, 'no', 400)
    })
    await expect(items.read(table, [keyOf(1)], never)).rejects.toMatchObject({ code })
  })

  it('asks for nothing where there are no keys', async () => {
    const { items, asked } = reader(() => 0)
    expect((await items.read(table, [], never)).size).toBe(0)
    expect(asked).toEqual([])
  })
})
