import { describe, expect, it } from 'vitest'
import { chainOf, origin } from '../../../test/transforms/chain-of.ts'
import type { Properties } from '../../../test/transforms/chain-of.ts'
import { debeziumShapes } from '../../envelope/debezium-shapes.ts'
import type { RowForm } from '../../envelope/envelope.ts'
import { TailraceError } from '../../errors.ts'
import type { FieldShape, FieldType, RecordShapes, Shape } from '../../shapes/shape.ts'

const text: FieldType = { kind: 'string' }

function field(name: string, type: FieldType, isOptional = true): FieldShape {
  return { name, type, isOptional }
}

const address: Shape = { name: 'shop.Address', fields: [field('city', text, false)], rest: undefined }
const row: Shape = {
  name: 'shop.Order',
  fields: [
    field('pk', text, false),
    field('total', { kind: 'decimal', precision: 10, scale: 2 }),
    field('address', { kind: 'struct', shape: address }),
  ],
  rest: 'more',
}

function behind(
  transforms: readonly Properties[],
  form: RowForm = { kind: 'declared', shape: row },
  predicates: Readonly<Record<string, Properties>> = {},
): RecordShapes {
  const shapes = debeziumShapes({ table: origin.table, name: 'shop', row: form })
  return chainOf(transforms, predicates).shapes(shapes, origin)
}

/** Names with their kinds; `?` behind what is optional. */
function fieldsOf({ fields }: Shape): Readonly<Record<string, string>> {
  return Object.fromEntries(fields.map(({ name, type, isOptional }) => [name, `${type.kind}${isOptional ? '?' : ''}`]))
}

function refusal(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof TailraceError) return `${error.code} ${error.message}`
    throw error
  }
  return ''
}

const unwrap = { type: 'ExtractNewRecordState' }
const plain = { pk: 'string', total: 'decimal?', address: 'struct?' }

describe('what records consist of behind transforms', () => {
  it.each<readonly [readonly Properties[], Readonly<Record<string, string>>]>([
    [[unwrap], plain],
    [
      [{ ...unwrap, 'delete.tombstone.handling.mode': 'rewrite', 'add.fields': 'op,source.ts_ms:at,id,nonsense' }],
      { ...plain, __deleted: 'string?', __op: 'string?', __at: 'int64?', __id: 'string?' },
    ],
    [
      [unwrap, { type: 'ReplaceField$Value', exclude: 'address', renames: 'total:sum' }],
      { pk: 'string', sum: 'decimal?' },
    ],
    [[unwrap, { type: 'MaskField$Value', fields: 'pk' }], plain],
    [
      [unwrap, { type: 'Cast$Value', spec: 'total:float64,pk:int8,absent:string' }],
      { ...plain, pk: 'int32', total: 'double?' },
    ],
    [[unwrap, { type: 'Flatten$Value' }], { pk: 'string', total: 'decimal?', 'address.city': 'string?' }],
    [[unwrap, { type: 'HoistField$Value', field: 'row' }], { row: 'struct' }],
    [
      [unwrap, { type: 'HeaderFrom$Value', fields: 'pk', headers: 'h', operation: 'move' }],
      { total: 'decimal?', address: 'struct?' },
    ],
    [[unwrap, { type: 'HeaderFrom$Value', fields: 'pk', headers: 'h', operation: 'copy' }], plain],
    [
      [
        unwrap,
        {
          type: 'InsertField$Value',
          'topic.field': 't!',
          'timestamp.field': 'at',
          'static.field': 'pk',
          'static.value': 'x',
        },
      ],
      { ...plain, pk: 'string?', t: 'string', at: 'int64?' },
    ],
    [[unwrap, { type: 'TimestampConverter$Value', field: 'pk', 'target.type': 'Date' }], { ...plain, pk: 'int32' }],
    [[unwrap, { type: 'ExtractField$Value', field: 'address' }], { city: 'string' }],
    [[{ type: 'ExtractField$Value', field: 'after.address', 'field.syntax.version': 'V2' }], { city: 'string' }],
    [
      [
        unwrap,
        { type: 'RegexRouter', regex: '.*', replacement: 'x' },
        { type: 'InsertHeader', header: 'h', 'value.literal': 'x' },
      ],
      plain,
    ],
  ])('%j', (transforms, fields) => {
    expect(fieldsOf(behind(transforms).value)).toEqual(fields)
    expect(fieldsOf(behind(transforms).key)).toEqual({ pk: 'string', sk: 'string' })
  })

  it('of keys', () => {
    const made = behind([
      unwrap,
      { type: 'ValueToKey', fields: 'total,pk' },
      { type: 'SetSchemaMetadata$Key', 'schema.name': 'K' },
    ])
    expect(made.key).toEqual({ name: 'K', fields: [row.fields[1], row.fields[0]], rest: undefined })
    expect(fieldsOf(behind([{ type: 'ReplaceField$Key', renames: 'pk:id' }]).key)).toEqual({
      id: 'string',
      sk: 'string',
    })
  })

  it('keeps the declared name of a row, and the place of what it does not name', () => {
    expect(behind([unwrap]).value).toMatchObject({ name: 'shop.Order', rest: 'more' })
    expect(behind([unwrap, { type: 'ReplaceField$Value', include: 'pk' }]).value.rest).toBeUndefined()
    expect(behind([unwrap], { kind: 'json' }).value).toEqual({ name: 'shop.orders.Value', fields: [], rest: 'item' })
  })

  it.each<readonly [readonly Properties[], RowForm, string]>([
    [[unwrap], { kind: 'typed' }, 'transforms.t0: nobody knows the fields of "after"; declare them'],
    [
      [{ type: 'Flatten$Value' }],
      { kind: 'json' },
      'transforms.t0: nobody knows which fields "before" will have; declare them',
    ],
    [
      [unwrap, { type: 'ValueToKey', fields: 'status' }],
      { kind: 'declared', shape: row },
      'transforms.t1: the records\' schema has no field "status" to make a key of',
    ],
    [
      [{ type: 'ExtractField$Key', field: 'pk' }],
      { kind: 'json' },
      'transforms.t0: "pk" is not made of fields, and nothing else can be a record\'s key or value',
    ],
  ])('cannot be told of %j', (transforms, form, message) => {
    expect(refusal(() => behind(transforms, form))).toBe(`CONFIG_INVALID ${message}`)
  })
})

describe('what records consist of behind a transform with a predicate', () => {
  const predicates = {
    gone: { type: 'RecordIsTombstone' },
    marked: { type: 'HasHeaderKey', name: 'h' },
    orders: { type: 'TopicNameMatches', pattern: '.*orders' },
  }
  const of = (...transforms: readonly Properties[]): Readonly<Record<string, string>> =>
    fieldsOf(behind([unwrap, ...transforms], { kind: 'declared', shape: row }, predicates).value)
  const hoist = { type: 'HoistField$Value', field: 'row' }

  it('follows from the topic, and from the value that they have', () => {
    expect(of({ ...hoist, predicate: 'orders' })).toEqual({ row: 'struct' })
    expect(of({ ...hoist, predicate: 'orders', negate: 'true' })).toEqual(plain)
    expect(of({ ...hoist, predicate: 'gone', negate: 'true' })).toEqual({ row: 'struct' })
    expect(of({ ...hoist, predicate: 'gone' })).toEqual(plain)
    expect(of({ type: 'RegexRouter', regex: '.*', replacement: 'x' }, { ...hoist, predicate: 'orders' })).toEqual(plain)
  })

  it('is refused where it depends on the record, unless nothing changes', () => {
    const refused = 'its predicate leaves records of two forms in one topic, which have no one schema'
    expect(refusal(() => of({ ...hoist, predicate: 'marked' }))).toBe(`CONFIG_INVALID transforms.t1: ${refused}`)
    expect(refusal(() => of({ type: 'TimestampRouter' }, { ...hoist, predicate: 'orders' }))).toContain(refused)
    expect(of({ type: 'MaskField$Value', fields: 'pk', predicate: 'marked' })).toEqual(plain)
    const key = { type: 'ReplaceField$Key', renames: 'pk:id', predicate: 'gone' }
    const keys = 'its predicate leaves keys of two forms in one topic, which have no one schema'
    expect(refusal(() => of(key))).toContain(keys)
    expect(refusal(() => of({ ...key, negate: 'true' }))).toContain(keys)
  })
})
