import { Ajv } from 'ajv'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arbitraryShape } from '../../../test/oracle/arbitrary-shapes.ts'
import { fittingStruct } from '../../../test/oracle/fitting-values.ts'
import type { FittingValue } from '../../../test/oracle/fitting-values.ts'
import type { AttributeValue, Item } from '../../change/attribute-value.ts'
import { parseDecimal } from '../../change/attribute-number.ts'
import { canonicalItem } from '../../change/canonical-item.ts'
import { parseJson } from '../../aws/exact-json.ts'
import type { FieldShape, FieldType, Shape } from '../../shapes/shape.ts'
import type { FitOptions } from '../fit/fit-document.ts'
import { createJsonSchemaFormat } from './json-schema-format.ts'

const fit: FitOptions = { json: 'dynamodb', numbers: 'exact', evolution: 'strict', roundsNumbers: false }
const format = createJsonSchemaFormat(fit)

function shapeOf(type: FieldType, name = 'after', isOptional = true): Shape {
  return { name: 'shop.orders.Value', fields: [{ name, type, isOptional }], rest: undefined }
}

function textOf(type: FieldType, value: AttributeValue): string {
  return format.encoder(shapeOf(type), 'value').encode({ after: value }).toString()
}

describe('JSON with a schema', () => {
  it('is what its schema says, and gives back every value of every shape', () => {
    const shapes = arbitraryShape({ hasNestedLists: true, hasNumbers: false })
    const cases = shapes.chain((shape) => fc.tuple(fc.constant(shape), fittingStruct(shape)))
    fc.assert(
      fc.property(cases, ([shape, { value, seen }]) => {
        // The judge of schemas takes such a property for an object's prototype.
        fc.pre(!JSON.stringify(shape).includes('__proto__'))
        const type: FieldType = { kind: 'struct', shape }
        const encoder = format.encoder(shapeOf(type), 'value')
        const payload = encoder.encode({ after: { ITEM: value.M as Item } })
        const decoded = parseJson(payload) as { after: unknown }
        const ajv = new Ajv({ strict: false, formats: {} })
        expect(ajv.validate(parseJson(Buffer.from(encoder.schema.text)) as object, decoded)).toBe(true)
        expectSeen(decoded.after, { value, seen }, type)
      }),
      { numRuns: 40 },
    )
  }, 20_000)

  it('writes numbers with all their digits', () => {
    const N = '1234567890.1234567890123456789012345678'
    expect(textOf({ kind: 'decimal', precision: 38, scale: 28 }, { N })).toBe(`{"after":${N}}`)
    expect(textOf({ kind: 'decimal', precision: 4, scale: 2 }, { N: '-0.5' })).toBe('{"after":-0.50}')
    expect(textOf({ kind: 'decimal', precision: 4, scale: 0 }, { N: '5E1' })).toBe('{"after":50}')
    expect(textOf({ kind: 'int64' }, { N: '9223372036854775807' })).toBe('{"after":9223372036854775807}')
    expect(textOf({ kind: 'float' }, { N: '0.1' })).toBe('{"after":0.1}')
    expect(textOf({ kind: 'string' }, { N: N + '0' })).toBe(`{"after":"${N}"}`)
  })

  it('refuses text in typed values that other readers could not take', () => {
    expect(() => textOf({ kind: 'typed' }, { L: [{ S: '\uD800' }] })).toThrow('lone surrogate')
  })

  it('reads its keys back, and those of nobody else', () => {
    const fields: FieldShape[] = [
      { name: 'pk"', type: { kind: 'string' }, isOptional: false },
      { name: 'sk', type: { kind: 'bytes' }, isOptional: false },
    ]
    const encoder = format.encoder({ name: 'k', fields, rest: undefined }, 'key')
    const payload = encoder.encode({ 'pk"': { S: 'a"\\ё' }, sk: { B: 'AAE=' } })
    expect(encoder.decodeKey(payload)).toEqual(['a"\\ё', Buffer.of(0, 1)])
    for (const text of [
      '',
      '{}',
      '{"pk\\"":"a"}',
      '{"pk\\"":"a","sk":1}',
      '{"pk\\"":"a","sk":"AAE="} ',
      '[]',
      '{"pk\\"":"\\x"',
    ])
      expect(encoder.decodeKey(Buffer.from(text))).toBeUndefined()
  })

  it("is written by the registry's schema where that one has a place for every field", () => {
    const encoder = format.encoder(shapeOf({ kind: 'string' }), 'value')
    const by = (schema: unknown) => encoder.writingBy({ type: 'JSON', text: JSON.stringify(schema) })
    expect(by({ title: 'Other', type: 'object' }).schemaName).toBe('Other')
    expect(by({ properties: { after: {} }, additionalProperties: false }).schemaName).toBe('shop.orders.Value')
    expect(() => by({ properties: { before: {} }, additionalProperties: false })).toThrow(
      'no place for shop.orders.Value.after',
    )
    expect(() => encoder.writingBy({ type: 'JSON', text: '{' })).toThrow('not JSON')
  })
})

/** Numbers are judged as doubles here: that no digit is lost is tested above. */
function expectSeen(decoded: unknown, { value, seen }: FittingValue, type: FieldType): void {
  switch (seen.kind) {
    case 'text':
      return expect(decoded).toBe(seen.text)
    case 'whole':
      return expect(decoded).toBe(Number(seen.whole))
    case 'decimal':
      return expect(decoded).toBe(Number(`${seen.unscaled}E-${seen.scale}`))
    case 'floating':
      return expect(parseDecimal(String(decoded))).toEqual(parseDecimal(String(seen.number)))
    case 'boolean':
      return expect(decoded).toBe(seen.isTrue)
    case 'bytes':
      return expect(decoded).toBe(seen.base64)
    case 'json':
      return expect(canonical(parseJson(Buffer.from(decoded as string)))).toBe(canonical(value))
    case 'typed':
      return expect(canonical(decoded)).toBe(canonical(value))
    case 'list':
      expect(decoded).toHaveLength(seen.elements.length)
      return seen.elements.forEach((element, index) =>
        expectSeen((decoded as unknown[])[index], element, type.kind === 'array' ? type.items : type),
      )
    case 'map':
      expect(Object.keys(decoded as object).toSorted()).toEqual(seen.entries.map(([name]) => name).toSorted())
      return seen.entries.forEach(([name, entry]) =>
        expectSeen((decoded as Record<string, unknown>)[name], entry, type.kind === 'map' ? type.values : type),
      )
    case 'struct':
      return expectFields(decoded as Record<string, unknown>, seen.fields, type)
  }
}

function expectFields(
  decoded: Record<string, unknown>,
  fields: readonly (FittingValue | undefined)[],
  type: FieldType,
): void {
  const shape = type.kind === 'struct' ? type.shape : undefined
  for (const [index, field] of fields.entries()) {
    const { name, type: inner } = shape?.fields[index] ?? { name: '', type }
    if (field === undefined) expect(decoded[name]).toBeNull()
    else expectSeen(decoded[name], field, inner)
  }
}

function canonical(value: unknown): string | undefined {
  return canonicalItem({ a: value as AttributeValue })
}
