import { describe, expect, it } from 'vitest'
import { chainOf, origin, recordOf } from '../../../test/transforms/chain-of.ts'
import type { Properties } from '../../../test/transforms/chain-of.ts'
import type { AttributeValue } from '../../change/attribute-value.ts'
import type { Document } from '../../change/document.ts'
import type { DocumentRecord } from '../../envelope/document-payload.ts'
import { TailraceError } from '../../errors.ts'
import { predicateNames, stepNames } from './catalogue.ts'

const S = (text: string): AttributeValue => ({ S: text })
const N = (number: string): AttributeValue => ({ N: number })
const none: AttributeValue = { NULL: true }

function apply(properties: Properties, record: DocumentRecord): DocumentRecord | undefined {
  return chainOf([properties]).apply(record, origin)
}

/** Why a record cannot pass: code and message. */
function refusal(properties: Properties, record: DocumentRecord): string {
  try {
    apply(properties, record)
  } catch (error) {
    if (error instanceof TailraceError) return `${error.code} ${error.message}`
    throw error
  }
  return ''
}

/** From fields to fields, as each transform's own documentation has it, and at its edges. */
const values: readonly (readonly [Properties, Document, Document])[] = [
  [{ type: 'ReplaceField$Value', exclude: 'a' }, { a: S('x'), b: S('y') }, { b: S('y') }],
  [{ type: 'ReplaceField$Value', include: 'a' }, { a: S('x'), b: S('y') }, { a: S('x') }],
  [{ type: 'ReplaceField$Value', include: ['a', 'b'], exclude: 'b' }, { a: S('x'), b: S('y') }, { a: S('x') }],
  [
    { type: 'ReplaceField$Value', renames: 'a:c, b:d' },
    { a: S('x'), b: S('y') },
    { c: S('x'), d: S('y') },
  ],
  [{ type: 'ReplaceField$Value', renames: 'a:b' }, { a: S('x'), b: S('y') }, { b: S('y') }],
  [
    { type: 'MaskField$Value', fields: 'a' },
    { a: S('x'), b: S('y') },
    { a: S(''), b: S('y') },
  ],
  [
    { type: 'MaskField$Value', fields: 'n,i,t,b,l,s,m,z,absent' },
    {
      n: N('5'),
      i: { INT: 5 },
      t: { BOOL: true },
      b: { B: 'AA==' },
      l: { L: [S('x')] },
      s: { NS: ['1'] },
      m: { M: {} },
      z: none,
    },
    { n: N('0'), i: { INT: 0 }, t: { BOOL: false }, b: { B: '' }, l: { L: [] }, s: { NS: [] }, m: { M: {} }, z: none },
  ],
  [{ type: 'MaskField$Value', fields: 'a', replacement: '***-***' }, { a: S('555-1234') }, { a: S('***-***') }],
  [
    { type: 'MaskField$Value', fields: 'a,b', replacement: '7.50' },
    { a: N('1'), b: S('x') },
    { a: N('7.5'), b: S('7.50') },
  ],
  [{ type: 'MaskField$Value', fields: 'a', replacement: '7' }, { a: { INT: 1 } }, { a: { INT: 7n } }],
  [
    {
      type: 'InsertField$Value',
      'topic.field': 't',
      'timestamp.field': 'at!',
      'static.field': 'a?',
      'static.value': '',
    },
    { a: S('x') },
    { a: S(''), t: S('shop.orders'), at: { INT: 1_795_460_400_042 } },
  ],
  [{ type: 'HoistField$Value', field: 'line' }, { a: S('x') }, { line: { DOC: { a: S('x') } } }],
  [
    { type: 'Flatten$Value', delimiter: '_' },
    { content: { M: { id: N('42'), name: { M: { first: S('D'), l: { L: [{ M: {} }] } } }, none, empty: { M: {} } } } },
    { content_id: N('42'), content_name_first: S('D'), content_name_l: { L: [{ M: {} }] }, content_none: none },
  ],
  [
    { type: 'Flatten$Value' },
    { a: { ITEM: { b: S('x') } }, c: { DOC: { d: { INT: 1 } } } },
    { 'a.b': S('x'), 'c.d': { INT: 1 } },
  ],
  [{ type: 'Flatten$Value', delimiter: '' }, { a: { M: { b: S('x') } } }, { ab: S('x') }],
  [{ type: 'Flatten$Value' }, { a: { M: { b: S('x') } }, 'a.b': S('y') }, { 'a.b': S('y') }],
  [{ type: 'ExtractField$Value', field: 'm' }, { m: { M: { a: S('x') } }, b: S('y') }, { a: S('x') }],
  [
    { type: 'ExtractField$Value', field: 'm.`x.y`', 'field.syntax.version': 'v2' },
    { m: { ITEM: { 'x.y': { M: { a: S('x') } } } } },
    { a: S('x') },
  ],
  [
    { type: 'Cast$Value', spec: 'a:int8, b:int64,c:boolean,d:string,e:float64,f:float32,g:int16,z:int32' },
    {
      a: S('-128'),
      b: N('-9223372036854775808.9'),
      c: N('0.9'),
      d: N('1.50'),
      e: S(' 1e3 '),
      f: N('0.1'),
      g: { BOOL: true },
      z: none,
    },
    {
      a: { INT: -128n },
      b: { INT: -9223372036854775808n },
      c: { BOOL: false },
      d: S('1.5'),
      e: N('1000'),
      f: N('0.1'),
      g: { INT: 1n },
      z: none,
    },
  ],
  [
    { type: 'Cast$Value', spec: 'a:string,b:string,c:string,d:boolean,e:boolean,f:float64,g:float64,h:int64' },
    {
      a: { B: 'AAEC' },
      b: { BOOL: false },
      c: { INT: 9n },
      d: S('TRUE'),
      e: { INT: -1 },
      f: N('0.12345678901234567890'),
      g: { INT: 3 },
      h: N('1E-130'),
    },
    {
      a: S('AAEC'),
      b: S('false'),
      c: S('9'),
      d: { BOOL: true },
      e: { BOOL: true },
      f: N('0.12345678901234568'),
      g: N('3'),
      h: { INT: 0n },
    },
  ],
  [
    { type: 'TimestampConverter$Value', field: 'a', 'target.type': 'string', format: "yyyy-MM-dd'T'HH:mm:ss.SSSX" },
    { a: N('1795460400042') },
    { a: S('2026-11-23T19:00:00.042Z') },
  ],
  [
    {
      type: 'TimestampConverter$Value',
      field: 'a',
      'target.type': 'unix',
      format: 'yyyyMMddHHmm XXX',
      'unix.precision': 'seconds',
    },
    { a: S('202611232100 +02:00 and more') },
    { a: { INT: 1_795_460_400n } },
  ],
  [
    { type: 'TimestampConverter$Value', field: 'a', 'target.type': 'Date', 'unix.precision': 'microseconds' },
    { a: N('-1') },
    { a: { INT: 0n } },
  ],
  [{ type: 'TimestampConverter$Value', field: 'a', 'target.type': 'Date' }, { a: N('-1') }, { a: { INT: -1n } }],
  [
    { type: 'TimestampConverter$Value', field: 'a', 'target.type': 'Time' },
    { a: N('-1') },
    { a: { INT: 86_399_999n } },
  ],
  [{ type: 'TimestampConverter$Value', field: 'a', 'target.type': 'Timestamp' }, { a: { INT: 5 } }, { a: { INT: 5n } }],
]

describe("Kafka Connect's transforms", () => {
  it.each(values)('%j', (properties, before, after) => {
    const made = apply(properties, recordOf(before))
    expect(made?.value).toEqual(after)
    expect(made?.key).toEqual({ pk: S('a') })
    // The same of a key, where there is such a half, and in the same order.
    const type = String(properties['type'])
    const ofKey = apply({ ...properties, type: type.replace('$Value', '$Key') }, recordOf(null, { key: before }))
    expect(ofKey).toMatchObject({ value: null, key: after })
    expect(Object.keys(ofKey?.key ?? {})).toEqual(Object.keys(after))
  })

  it.each(values)('leaves a tombstone alone: %j', (properties) => {
    const tombstone = recordOf(null)
    expect(apply(properties, tombstone)).toEqual(tombstone)
  })

  it.each([
    [
      { type: 'MaskField$Value', fields: 'a' },
      { a: { DOC: {} } },
      'field "a" is a struct, which cannot be masked as a whole',
    ],
    [
      { type: 'MaskField$Value', fields: 'a', replacement: 'x' },
      { a: { N: '1' } },
      'field "a" is a number, and the replacement is none',
    ],
    [
      { type: 'MaskField$Value', fields: 'a', replacement: 'x' },
      { a: { BOOL: true } },
      'field "a" is neither a text nor a number, and cannot be masked with a replacement',
    ],
    [{ type: 'Cast$Value', spec: 'a:int8' }, { a: { N: '128' } }, 'field "a" does not fit into int8'],
    [{ type: 'Cast$Value', spec: 'a:int64' }, { a: { N: '1E125' } }, 'field "a" does not fit into int64'],
    [{ type: 'Cast$Value', spec: 'a:int64' }, { a: { S: '1.5' } }, 'field "a" does not fit into int64'],
    [{ type: 'Cast$Value', spec: 'a:float32' }, { a: { N: '1E100' } }, 'field "a" does not fit into float32'],
    [{ type: 'Cast$Value', spec: 'a:string' }, { a: { L: [] } }, 'field "a" does not fit into string'],
    [{ type: 'ExtractField$Value', field: 'b' }, { a: { S: 'x' } }, 'there is no field "b"'],
    [{ type: 'ExtractField$Value', field: 'a' }, { a: { S: 'x' } }, 'field "a" is not made of fields'],
    [{ type: 'ValueToKey', fields: 'a,b' }, { a: { S: 'x' } }, 'there is no field "b" to make a key of'],
    [
      { type: 'TimestampConverter$Value', field: 'a', 'target.type': 'unix', format: 'yyyy-MM-dd' },
      { a: { S: '2026-02-30' } },
      'field "a" is no time that can be read',
    ],
    [
      { type: 'TimestampConverter$Value', field: 'a', 'target.type': 'unix' },
      { a: { N: '1.5' } },
      'field "a" is no time that can be read',
    ],
  ] satisfies readonly (readonly [Properties, Document, string])[])('%j refuses %j', (properties, value, message) => {
    expect(refusal(properties, recordOf(value))).toBe(`TRANSFORM_FAILED transforms.t0: ${message}`)
  })

  it('makes keys of values, but none of a tombstone', () => {
    const properties = { type: 'ValueToKey', fields: 'b,a' }
    const made = apply(properties, recordOf({ a: S('x'), b: none, c: S('z') }))
    expect(made?.key).toEqual({ b: none, a: S('x') })
    expect(Object.keys(made?.key ?? {})).toEqual(['b', 'a'])
    expect(refusal(properties, recordOf(null))).toContain('a tombstone has no fields to make a key of')
  })

  it('makes a tombstone of a null, but no key', () => {
    expect(apply({ type: 'ExtractField$Value', field: 'after' }, recordOf({ after: none }))?.value).toBeNull()
    const key = { type: 'ExtractField$Key', field: 'a' }
    expect(refusal(key, recordOf({}, { key: { a: none } }))).toContain('field "a" is null, and a key cannot be')
  })

  it('names schemas after what has become of them', () => {
    const names = (properties: Properties, name: string): string | undefined =>
      apply(
        properties,
        recordOf({ after: { ITEM: {} }, source: { DOC: {} } }, { schemaNames: { key: 'k', value: name } }),
      )?.schemaNames.value
    expect(names({ type: 'ExtractField$Value', field: 'after' }, 'shop.orders.Envelope')).toBe('shop.orders.Value')
    expect(names({ type: 'ExtractField$Value', field: 'source' }, 'shop.orders.Envelope')).toBe(
      'shop.orders.Envelope.source',
    )
    expect(names({ type: 'ExtractField$Value', field: 'after' }, 'x')).toBe('x.after')
    expect(names({ type: 'HoistField$Value', field: 'a' }, 'x')).toBe('x.Hoisted')
    expect(names({ type: 'SetSchemaMetadata$Value', 'schema.name': 'shop.Order', 'schema.version': '2' }, 'x')).toBe(
      'shop.Order',
    )
  })

  it('copies and moves fields into headers', () => {
    const value: Document = {
      s: S('é'),
      n: N('1.50'),
      i: { INT: 7n },
      b: { B: 'AAEC' },
      m: { M: { z: S('"'), l: { L: [N('2E3'), none, { BOOL: true }] } } },
      set: { NS: ['10', '9'] },
      none,
    }
    const fields = ['s', 'n', 'i', 'b', 'm', 'set', 'none', 'absent']
    const properties = {
      type: 'HeaderFrom$Value',
      fields,
      headers: fields.map((name) => `h.${name}`),
      operation: 'move',
    }
    const made = apply(properties, recordOf(value, { headers: [['h.s', 'old']] }))
    expect(made).toMatchObject({ value: {} })
    expect(made?.headers).toEqual([
      ['h.s', 'old'],
      ['h.s', 'é'],
      ['h.n', '1.5'],
      ['h.i', '7'],
      ['h.b', 'AAEC'],
      ['h.m', '{"z":"\\"","l":[2000,null,true]}'],
      ['h.set', '[9,10]'],
    ])
    expect(apply({ ...properties, operation: 'copy' }, recordOf(value))?.value).toEqual(value)
  })

  it('adds and drops headers, of tombstones too', () => {
    const chain = chainOf([
      { type: 'InsertHeader', header: 'a', 'value.literal': '007' },
      { type: 'InsertHeader', header: 'b', 'value.literal': '' },
      { type: 'DropHeaders', headers: 'a,x' },
    ])
    const headers = [
      ['x', 'y'],
      ['z', Buffer.from('z')],
    ] as const
    expect(chain.apply(recordOf(null, { headers }), origin)?.headers).toEqual([headers[1], ['b', '']])
  })
})

describe('routing', () => {
  it.each([
    ['shop\\.(.*)', 'new-$1', 'new-orders'],
    ['(?<shop>\\w+)\\.(?<table>.*)', '${table}.${shop}', 'orders.shop'],
    ['shop', 'x', undefined],
    ['shop|shop.orders', 'x', 'x.orders'],
    ['(shop).*', '$12', 'shop2'],
    ['(?i)SHOP\\.ORDERS', 'x', 'x'],
    ['shop\\.(o)?(x)?.*', 'a$2b', 'ab'],
    ['.*', 'shop.orders', undefined],
  ])('%s to %s', (regex, replacement, topic) => {
    expect(apply({ type: 'RegexRouter', regex, replacement }, recordOf({}))?.topic).toBe(topic)
  })

  it.each([
    [{}, 'shop.orders-20261123'],
    [{ 'topic.format': 'x.${timestamp}', 'timestamp.format': "yy.M.d_H-m-s.SSSS'ab'" }, 'x.26.11.23_19-0-0.0042ab'],
    [{ 'topic.format': '${topic}' }, undefined],
  ])('by time: %j', (settings, topic) => {
    const type = 'org.apache.kafka.connect.transforms.TimestampRouter'
    expect(apply({ type, ...settings }, recordOf(null))?.topic).toBe(topic)
  })

  it('takes the topic that a transform in front has given', () => {
    const chain = chainOf([
      { type: 'RegexRouter', regex: 'shop\\.(.*)', replacement: '$1' },
      { type: 'TimestampRouter' },
      { type: 'InsertField$Value', 'topic.field': 'to' },
    ])
    const made = chain.apply(recordOf({}), origin)
    expect(made).toMatchObject({ topic: 'orders-20261123', value: { to: { S: 'orders-20261123' } } })
    const back = {
      type: 'io.confluent.connect.cloud.transforms.TopicRegexRouter',
      regex: '.*',
      replacement: 'shop.orders',
    }
    expect(apply(back, recordOf({}, { topic: 'else' }))?.topic).toBeUndefined()
  })

  it('refuses names that Kafka does not take', () => {
    for (const replacement of ['..', 'a b', 'x'.repeat(250)])
      expect(refusal({ type: 'RegexRouter', regex: '.*', replacement }, recordOf({}))).toContain('TRANSFORM_FAILED')
  })
})

describe('predicates', () => {
  const predicates = {
    gone: { type: 'RecordIsTombstone' },
    marked: { type: 'org.apache.kafka.connect.transforms.predicates.HasHeaderKey', name: 'h' },
    orders: { type: 'TopicNameMatches', pattern: '.*orders' },
  }
  const dropped = (predicate: string, negate: string, record: DocumentRecord): boolean =>
    chainOf([{ type: 'Filter', predicate, negate }], predicates).apply(record, origin) === undefined

  it.each([
    ['gone', recordOf(null), recordOf({})],
    ['marked', recordOf({}, { headers: [['h', 'x']] }), recordOf({})],
    ['orders', recordOf({}), recordOf({}, { topic: 'orders.x' })],
  ])('%s', (predicate, fitting, other) => {
    expect([dropped(predicate, 'false', fitting), dropped(predicate, 'false', other)]).toEqual([true, false])
    expect([dropped(predicate, 'true', fitting), dropped(predicate, 'true', other)]).toEqual([false, true])
  })
})

describe('names', () => {
  it('are those of Connect, long and short', () => {
    const prefix = 'org.apache.kafka.connect.transforms.'
    expect(stepNames()).toContain(`${prefix}Cast$Key`)
    expect(stepNames()).toContain('io.debezium.transforms.ExtractNewRecordState')
    expect(stepNames()).toContain('ReplaceField$Value')
    expect(stepNames()).not.toContain('ReplaceField')
    expect(predicateNames()).toContain(`${prefix}predicates.RecordIsTombstone`)
    expect(new Set(stepNames()).size).toBe(stepNames().length)
  })
})
