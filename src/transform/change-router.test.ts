import { describe, expect, it } from 'vitest'
import { tableOf } from '../../test/oracle/arbitrary-items.ts'
import type { AttributeValue } from '../change/attribute-value.ts'
import type { ChangeEvent } from '../change/change-event.ts'
import { parseRouteRule } from '../change/route-rule.ts'
import type { RouteRule } from '../change/route-rule.ts'
import { createChangeRouter } from './change-router.ts'

const table = tableOf('NEW_AND_OLD_IMAGES')

function rule(text: string): RouteRule {
  const parsed = parseRouteRule(text)
  if ('problem' in parsed) throw new Error(parsed.problem)
  return parsed
}

async function routed(
  values: Readonly<Record<string, AttributeValue>>,
  rules: readonly string[],
  topic?: string,
): Promise<string | undefined> {
  const keys = { pk: { S: 'a' } }
  const event: ChangeEvent = {
    operation: 'INSERT',
    keys,
    oldImage: undefined,
    newImage: { ...keys, ...values },
    eventId: 'e',
    shardId: 'shard-1',
    sequenceNumber: '42',
    createdAtMs: 0,
    userIdentity: undefined,
    sizeBytes: 0,
    snapshot: undefined,
  }
  const router = createChangeRouter(rules.map(rule), 'shop')
  const [outcome] = await router.apply([{ event, topic, headers: [] }], table, new AbortController().signal)
  if (outcome?.kind !== 'passed') throw outcome?.error ?? new Error('no outcome')
  return outcome.changes[0]?.topic
}

describe('routing', () => {
  it('takes the first rule that holds', async () => {
    const rules = ["kind = 'large' => {prefix}.{table}.large", 'attribute_exists(kind) => some.{kind}-{address.zip}']
    expect(await routed({ kind: { S: 'large' } }, rules)).toBe('shop.orders.large')
    expect(await routed({ kind: { S: 'ä b/c' }, address: { M: { zip: { N: '1.50' } } } }, rules)).toBe('some.__b_c-1.5')
    expect(await routed({}, rules)).toBeUndefined()
    expect(await routed({ kind: { S: 'large' } }, rules, 'mine')).toBe('mine')
  })

  it('has conditions that hold arrows', async () => {
    expect(await routed({ a: { S: '=> x' } }, ["a = '=> x' => y"])).toBe('y')
  })

  it.each([
    [{}, 'x.{kind}', /has no text or number at kind/],
    [{ kind: { S: '' } }, 'x.{kind}', /has no text or number at kind/],
    [{ kind: { BOOL: true } }, 'x.{kind}', /has no text or number at kind/],
    [{ kind: { S: 'secret'.repeat(50) } }, '{kind}', /no legal name/],
    [{ kind: { S: '..' } }, '{kind}', /no legal name/],
  ] as const)('refuses what makes no topic, without its values: %j', async (values, template, text) => {
    const attempt = routed(values, [`attribute_exists(pk) => ${template}`])
    await expect(attempt).rejects.toMatchObject({ code: 'ROUTE_REFUSED', message: expect.stringMatching(text) })
    await expect(attempt).rejects.toThrow(/shard shard-1, sequence number 42/)
    await expect(attempt).rejects.not.toThrow(/secret/)
  })

  it.each([
    ['a = 1', 'a condition, => and a topic should stand here', 0],
    ['a = => x', 'a value or an attribute should stand here', 4],
    ['a = 1 => ', 'a topic should stand here', 9],
    ['a = 1 => a/b', 'a topic has letters, digits, dots, dashes and underscores', 9],
    [
      'a = 1 => a.{b',
      '{prefix}, {table}, {region}, {account} or the path of an attribute in braces should stand here',
      11,
    ],
    [
      'a = 1 => a.{b.*}',
      '{prefix}, {table}, {region}, {account} or the path of an attribute in braces should stand here',
      11,
    ],
  ])('is refused with the place of the fault: %j', (text, problem, at) => {
    expect(parseRouteRule(text)).toEqual({ problem, at })
  })
})
