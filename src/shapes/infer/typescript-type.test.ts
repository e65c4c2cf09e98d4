import { expect, test } from 'vitest'
import type { Item } from '../../change/attribute-value.ts'
import { observeItems } from './observed.ts'
import { typescriptType } from './typescript-type.ts'

test('an interface of plain values', () => {
  const items: readonly Item[] = [
    {
      pk: { S: 'a' },
      total: { N: '1.5' },
      'ship-to': { M: { city: { S: 'x' }, "it's": { BOOL: true } } },
      tags: { SS: ['a'] },
      lines: { L: [{ M: { sku: { S: 'a' }, count: { N: '1' } } }, { NULL: true }] },
      none: { L: [] },
      empty: { M: {} },
    },
    {
      pk: { S: 'b' },
      total: { S: 'free' },
      tags: { NULL: true },
      ids: { NS: ['1'] },
      raw: { B: 'YQ==' },
      raws: { BS: [] },
    },
    ...Array.from({ length: 9 }, (_, index): Item => ({
      pk: { S: 'c' },
      seen: { M: { [`u${index}`]: { BOOL: true } } },
    })),
  ]
  expect(typescriptType(observeItems(items), { name: 'shop.my-orders.Value', keys: ['pk'] })).toBe(
    `import type { PlainItem, PlainNumber, PlainValue } from 'tailrace/transform'

export interface MyOrdersValue {
  pk: string
  empty?: PlainItem
  ids?: Set<PlainNumber>
  lines?: ({
    count?: PlainNumber
    sku?: string
  } | null)[]
  none?: PlainValue[]
  raw?: Uint8Array
  raws?: Set<Uint8Array>
  seen?: Record<string, boolean>
  'ship-to'?: {
    city?: string
    'it\\'s'?: boolean
  }
  tags?: null | Set<string>
  total?: PlainNumber | string
}
`,
  )
})

test('a name of digits, and a name that would end a literal', () => {
  const items: readonly Item[] = [{ '1\n\u2028\\': { S: 'a' } }]
  expect(typescriptType(observeItems(items), { name: '2024', keys: [] })).toBe(
    "export interface Item2024 {\n  '1\\u000a\\u2028\\\\'?: string\n}\n",
  )
})
