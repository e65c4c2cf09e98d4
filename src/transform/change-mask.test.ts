import { createHash, createHmac } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arbitraryChange, tableOf } from '../../test/oracle/arbitrary-items.ts'
import type { Item } from '../change/attribute-value.ts'
import type { ChangeEvent } from '../change/change-event.ts'
import { parseMaskRule } from '../change/mask-rule.ts'
import type { MaskRule } from '../change/mask-rule.ts'
import { createChangeMask, refuseMaskedKeys } from './change-mask.ts'
import type { TransformOutcome } from './change-transform.ts'

const table = tableOf('NEW_AND_OLD_IMAGES')
const hmacKey = 'a key of more than sixteen characters'
const sha = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex')

function rule(text: string): MaskRule {
  const parsed = parseMaskRule(text)
  if ('problem' in parsed) throw new Error(`${text}: ${parsed.problem}`)
  return parsed
}

async function outcomeOf(event: ChangeEvent, ...rules: readonly string[]): Promise<TransformOutcome> {
  const mask = createChangeMask({ rules: rules.map(rule), hmacKey })
  const [outcome] = await mask.apply([{ event, topic: undefined, headers: [] }], table, new AbortController().signal)
  if (outcome === undefined) throw new Error('no outcome')
  return outcome
}

async function masked(item: Item, ...rules: readonly string[]): Promise<Item> {
  const keys = { pk: { S: 'a' }, sk: { N: '1' } }
  const event = {
    ...(fc.sample(arbitraryChange, { numRuns: 1, seed: 1 })[0]?.event as ChangeEvent),
    keys,
    oldImage: { ...keys, ...item },
    newImage: { ...keys, ...item },
  }
  const outcome = await outcomeOf(event, ...rules)
  if (outcome.kind !== 'passed') throw outcome.error
  const [change] = outcome.changes
  expect(change?.event.oldImage).toEqual(change?.event.newImage)
  const { pk: _, sk: __, ...rest } = change?.event.newImage ?? {}
  return rest
}

describe('a mask', () => {
  it('finds elements of lists where they were, whatever other rules remove', async () => {
    const list: Item = { l: { L: [{ S: 'a' }, { S: 'SECRET' }, { S: 'c' }, { S: 'd' }] } }
    const rules = ['orders.l[0]=remove', 'orders.l[1]=hash', 'orders.l[2]=remove']
    const kept = { l: { L: [{ S: sha('SECRET') }, { S: 'd' }] } }
    expect(await masked(list, ...rules)).toEqual(kept)
    expect(await masked(list, ...rules.toReversed())).toEqual(kept)
  })

  it('replaces values of every type', async () => {
    const item: Item = {
      s: { S: 'a@b.c' },
      n: { N: '2E3' },
      b: { B: 'AQI=' },
      t: { BOOL: true },
      ss: { SS: ['x', 'y'] },
      ns: { NS: ['1.0', '1'] },
      bs: { BS: ['AQI='] },
      m: { M: { x: { S: 'y' } } },
    }
    expect(await masked(item, 'orders.*=hash')).toEqual({
      s: { S: sha('a@b.c') },
      n: { S: sha('2000') },
      b: { S: sha(Buffer.from([1, 2])) },
      t: { S: expect.stringMatching(/^[0-9a-f]{64}$/) },
      ss: { SS: [sha('x'), sha('y')] },
      ns: { SS: [sha('1')] },
      bs: { SS: [sha(Buffer.from([1, 2]))] },
      m: { S: expect.stringMatching(/^[0-9a-f]{64}$/) },
    })
    expect(await masked(item, 'orders.s=hmac')).toMatchObject({
      s: { S: createHmac('sha256', hmacKey).update('a@b.c').digest('hex') },
    })
    expect(await masked(item, 'o*.s=null', '*.n=fixed(***)', 'orders.b=remove', 'orders.ss=fixed(x)')).toMatchObject({
      s: { NULL: true },
      n: { S: '***' },
      ss: { SS: ['x'] },
    })
    expect(await masked(item, 'orders.b=remove')).not.toHaveProperty('b')
    expect(await masked(item, 'other.*=hash')).toEqual(item)
  })

  it('reaches into maps and lists, and leaves the rest as it is', async () => {
    const item = JSON.parse(
      '{"a":{"L":[{"M":{"x":{"S":"1"},"y":{"S":"2"}}},{"S":"z"}]},"__proto__":{"M":{"__proto__":{"S":"s"}}}}',
    ) as Item
    expect(await masked(item, 'orders.a[*].x=null')).toMatchObject({
      a: { L: [{ M: { x: { NULL: true }, y: { S: '2' } } }, { S: 'z' }] },
    })
    expect(await masked(item, 'orders.a[1]=remove')).toMatchObject({ a: { L: [{ M: {} }] } })
    expect(await masked(item, 'orders.a.*=null')).toMatchObject({ a: { L: [{ NULL: true }, { NULL: true }] } })
    const hostile = await masked(item, 'orders.__proto__.__proto__=fixed(x)')
    expect(JSON.stringify(hostile)).toContain('"__proto__":{"M":{"__proto__":{"S":"x"}}}')
    expect(await masked(item, 'orders.a.x=null', 'orders.a[7].x=null', 'orders.nothing=null')).toEqual(item)
  })

  it('refuses a table whose key it would mask, and passes keys over where a wildcard meets them', async () => {
    expect(() => refuseMaskedKeys([rule('orders.pk=hash')], table)).toThrow(
      expect.objectContaining({ code: 'MASK_KEY' }),
    )
    expect(() => refuseMaskedKeys([rule('*.sk.x=hash')], table)).toThrow(/masks sk, a key attribute of table orders/)
    expect(() => refuseMaskedKeys([rule('other.pk=hash'), rule('orders.*=hash')], table)).not.toThrow()
    await fc.assert(
      fc.asyncProperty(arbitraryChange, async ({ event }) => {
        const outcome = await outcomeOf(event, 'orders.*=null')
        if (outcome.kind !== 'passed') throw outcome.error
        const [change] = outcome.changes
        for (const masking of [change?.event.oldImage, change?.event.newImage]) {
          for (const [name, value] of Object.entries(masking ?? {}))
            expect(value).toEqual(name === 'pk' || name === 'sk' ? event.keys[name] : { NULL: true })
        }
      }),
    )
  })

  it.each([
    ['', 'the name of a table and a dot should stand here', 0],
    ['orders', 'the name of a table and a dot should stand here', 0],
    ['orders.[0]=hash', 'the name of an attribute should stand here', 7],
    ['orders.a', '= and a method should stand here', 8],
    ['orders.a=md5', 'one of null, fixed(text), hash, hmac, remove should stand here', 9],
  ])('is refused with the place of the fault: %j', (text, problem, at) => {
    expect(parseMaskRule(text)).toEqual({ problem, at })
  })

  it('takes any names in quotes', () => {
    expect(rule('"my.table"."a=b".c=hash')).toMatchObject({ table: 'my.table', path: ['a=b', 'c'] })
  })
})
