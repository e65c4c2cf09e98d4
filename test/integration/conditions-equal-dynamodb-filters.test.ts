import * as fc from 'fast-check'
import { describe, expect, inject, it } from 'vitest'
import { TailraceError } from '../../src/errors.ts'
import { AwsServiceError } from '../../src/aws/aws.ts'
import type { AttributeValue, Item } from '../../src/change/attribute-value.ts'
import { parseCondition } from '../../src/change/condition/parse-condition.ts'
import { testCondition } from '../../src/change/condition/test-condition.ts'
import { parseFilterExpression } from '../../src/change/filter-expression.ts'
import { createLocalTable } from '../servers/local-table.ts'
import { connectTo } from '../servers/stream-simulator/simulator-client.ts'

const { endpoint } = inject('dynamodb')

/** Values that are near each other in all the ways in which a comparison can go wrong. */
const values: readonly AttributeValue[] = [
  { S: 'a' },
  { S: 'ab' },
  { S: '' },
  { S: '10' },
  { S: 'é' },
  { S: '😀' },
  { S: '\uffff' },
  { N: '10' },
  { N: '9.5' },
  { N: '-3' },
  { N: '12345678901234567890.5' },
  { B: 'YWI=' },
  { B: 'YQ==' },
  { BOOL: true },
  { NULL: true },
  { SS: ['a', 'ab'] },
  { NS: ['10', '9.5'] },
  { BS: ['YQ=='] },
  { L: [{ S: 'a' }, { N: '10' }, { L: [{ S: 'ab' }] }] },
  { L: [] },
  { M: { x: { S: 'a' }, y: { L: [{ N: '10' }] } } },
  { M: {} },
]

const items: readonly Item[] = values.flatMap((a, index) => [
  { id: { S: `${index} a` }, a },
  { id: { S: `${index} ab` }, a, b: values[(index * 7 + 3) % values.length] ?? a },
  { id: { S: `${index} aa` }, a, b: a, c: { M: { a, l: { L: [a] } } } },
])

const path = fc.constantFrom('a', 'b', 'c.a', 'c.l[0]', 'a.x', 'a.y[0]', 'a[0]', 'a[2][0]', 'missing', 'b[9]', 'id')
const literal = fc.constantFrom(
  "'a'",
  "'ab'",
  "''",
  "'10'",
  "'é'",
  "'😀'",
  '10',
  '9.5',
  '-3',
  '1',
  '2',
  '1e1',
  'TRUE',
  'FALSE',
  'NULL',
)
const operand = fc.oneof(
  { arbitrary: path, weight: 4 },
  { arbitrary: literal, weight: 4 },
  path.map((one) => `size(${one})`),
)
const simple = fc.oneof(
  fc.tuple(operand, fc.constantFrom('=', '<>', '<', '<=', '>', '>='), operand).map((parts) => parts.join(' ')),
  fc.tuple(operand, operand, operand).map(([value, low, high]) => `${value} BETWEEN ${low} AND ${high}`),
  fc
    .tuple(operand, fc.array(operand, { minLength: 1, maxLength: 3 }))
    .map(([value, list]) => `${value} IN (${list.join(', ')})`),
  path.map((one) => `attribute_exists(${one})`),
  path.map((one) => `attribute_not_exists(${one})`),
  fc
    .tuple(path, fc.constantFrom('S', 'N', 'B', 'L', 'M', 'SS', 'NULL'))
    .map(([one, type]) => `attribute_type(${one}, '${type}')`),
  fc.tuple(path, operand).map(([one, part]) => `begins_with(${one}, ${part})`),
  fc.tuple(path, operand).map(([one, part]) => `contains(${one}, ${part})`),
)
const condition = fc.oneof(
  { arbitrary: simple, weight: 3 },
  simple.map((one) => `NOT ${one}`),
  fc
    .tuple(simple, fc.constantFrom('AND', 'OR'), simple, fc.constantFrom('AND', 'OR', 'AND NOT'), simple)
    .map((parts) => parts.join(' ')),
  fc.tuple(simple, simple, simple).map(([a, b, c]) => `NOT (${a} OR ${b}) AND ${c}`),
)

describe('a condition', () => {
  it('lets through what the same filter lets through in DynamoDB', { timeout: 120_000 }, async () => {
    await using table = await createLocalTable(endpoint, { hasStream: false })
    await table.putAll(items)
    const stored = [...(await table.contents()).values()]
    await using api = connectTo(endpoint)
    let compared = 0
    for (const text of fc.sample(condition, { numRuns: 700, seed: 7 })) {
      const filter = parseFilterExpression(text)
      const parsed = parseCondition(text)
      if ('problem' in filter) throw new Error(`${text}: ${filter.problem}`)
      const answer = await scan(table.name, filter)
      if (answer === undefined) continue
      if ('problem' in parsed) throw new Error(`DynamoDB takes ${text}: ${parsed.problem} at ${parsed.at}`)
      compared++
      const ours = stored.filter((item) => testCondition(parsed, row(item), table.name) === true).map(idOf)
      expect(ours.toSorted(), text).toEqual(answer.toSorted())
    }
    expect(compared).toBeGreaterThan(300)

    async function scan(
      TableName: string,
      filter: Exclude<ReturnType<typeof parseFilterExpression>, { problem: string }>,
    ) {
      const body = {
        TableName,
        FilterExpression: filter.expression,
        ...(Object.keys(filter.names).length === 0 ? {} : { ExpressionAttributeNames: filter.names }),
        ...(Object.keys(filter.values).length === 0 ? {} : { ExpressionAttributeValues: filter.values }),
      }
      try {
        const found = await api.call({ service: 'dynamodb', action: 'Scan', body }, AbortSignal.timeout(30_000))
        return (found as { Items: readonly Item[] }).Items.map(idOf)
      } catch (error) {
        // A filter that DynamoDB does not take: nothing to compare.
        if (error instanceof AwsServiceError || error instanceof TailraceError) return undefined
        throw error
      }
    }
  })
})

function idOf(item: Item): string {
  const { id } = item
  return id !== undefined && 'S' in id ? id.S : ''
}

function row(newImage: Item): Parameters<typeof testCondition>[1] {
  return {
    operation: 'READ',
    keys: {},
    oldImage: undefined,
    newImage,
    eventId: '',
    shardId: '',
    sequenceNumber: '',
    createdAtMs: 0,
    userIdentity: undefined,
    sizeBytes: 0,
    snapshot: 'true',
  }
}
