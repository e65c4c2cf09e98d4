import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arbitraryItem, arbitraryName, arbitraryText, arbitraryValue } from '../../../test/oracle/arbitrary-items.ts'
import { arbitraryShape } from '../../../test/oracle/arbitrary-shapes.ts'
import { fittingStruct } from '../../../test/oracle/fitting-values.ts'
import type { FittingValue } from '../../../test/oracle/fitting-values.ts'
import { attributeValueOf, itemOf, readAvro } from '../../../test/oracle/read-avro.ts'
import type { AttributeValue, Item } from '../../change/attribute-value.ts'
import { canonicalItem } from '../../change/canonical-item.ts'
import { parseJson } from '../../aws/exact-json.ts'
import { TailraceError } from '../../errors.ts'
import type { FieldType, Shape } from '../../shapes/shape.ts'
import type { FitOptions } from '../fit/fit-document.ts'
import type { RecordEncoder } from '../record-encoder.ts'
import { createAvroFormat } from './avro-format.ts'

const fit: FitOptions = { json: 'dynamodb', numbers: 'exact', evolution: 'strict', roundsNumbers: false }
const format = createAvroFormat({ names: { fields: 'avro_unicode', schemas: 'avro' }, fit })
const shapes = arbitraryShape({ hasNestedLists: true, hasNumbers: false })

describe('Avro', () => {
  it('gives back every value of every shape to another implementation', () => {
    const cases = shapes.chain((shape) => fc.tuple(fc.constant(shape), fittingStruct(shape)))
    fc.assert(
      fc.property(cases, ([shape, { value, seen }]) => {
        // What avsc cannot keep, it is no judge of.
        fc.pre(!JSON.stringify([shape, value]).includes('__proto__'))
        const type: FieldType = { kind: 'struct', shape }
        const encoder = encoderOf(shapeOf(type))
        fc.pre(encoder !== undefined)
        const payload = encoder.encode({ after: { ITEM: value.M as Item } })
        const decoded = readAvro(encoder.schema.text, payload) as { after: unknown }
        expect(decoded).toHaveProperty('after')
        expectSeen(decoded.after, { value, seen }, type)
      }),
      { numRuns: 300 },
    )
  }, 30_000)

  it('typed values and typed JSON text lose nothing of any item', () => {
    const typed = format.encoder(shapeOf({ kind: 'map', values: { kind: 'typed' } }), 'value')
    const text = format.encoder(shapeOf({ kind: 'json' }), 'value')
    fc.assert(
      fc.property(arbitraryItem, (item) => {
        const wanted = canonicalItem(item)
        const fromText = readAvro(text.schema.text, text.encode({ after: { ITEM: item } })) as { after: string }
        expect(canonicalItem(parseJson(Buffer.from(fromText.after)) as Item)).toBe(wanted)
        fc.pre(!holds(item, '__proto__') && !hasLoneSurrogate(item))
        const decoded = readAvro(typed.schema.text, typed.encode({ after: { ITEM: item } })) as { after: unknown }
        expect(canonicalItem(itemOf(decoded.after))).toBe(wanted)
      }),
      { numRuns: 250 },
    )
  }, 30_000)

  it('nests 32 deep', () => {
    const typed = format.encoder(shapeOf({ kind: 'typed' }), 'value')
    fc.assert(
      fc.property(fc.array(arbitraryName, { minLength: 31, maxLength: 31 }), arbitraryText, (names, text) => {
        fc.pre(!names.includes('__proto__') && names.every((name) => name.isWellFormed()))
        const value = names.reduce<AttributeValue>(
          (inner, name, index) => (index % 2 === 0 ? { M: Object.fromEntries([[name, inner]]) } : { L: [inner] }),
          { S: text },
        )
        const decoded = readAvro(typed.schema.text, typed.encode({ after: value })) as { after: unknown }
        expect(attributeValueOf(decoded.after)).toEqual(value)
      }),
      { numRuns: 50 },
    )
  })

  it('writes a text that it cannot hold for nobody', () => {
    const typed = format.encoder(shapeOf({ kind: 'map', values: { kind: 'typed' } }), 'value')
    for (const item of [
      { a: { S: '\uDC00' } },
      { '\uD800': { S: '' } },
      { a: { M: { '\uD800': { S: '' } } } },
    ] as Item[])
      expect(() => typed.encode({ after: { ITEM: item } })).toThrow('lone surrogate')
  })

  it('refuses what is no value as unreadable, or writes what is one, and throws nothing else', () => {
    const typed = format.encoder(shapeOf({ kind: 'map', values: { kind: 'typed' } }), 'value')
    fc.assert(
      fc.property(arbitraryValue, fc.jsonValue(), (value, anything) => {
        const item = { a: value, b: anything } as unknown as Item
        try {
          typed.encode({ after: { ITEM: item } })
        } catch (error) {
          expect(error).toBeInstanceOf(TailraceError)
          expect(['RECORD_UNREADABLE', 'SCHEMA_MISMATCH']).toContain((error as TailraceError).code)
        }
      }),
    )
  })
})

/** Undefined if two names became one, which must be refused. */
function encoderOf(shape: Shape): RecordEncoder | undefined {
  try {
    return format.encoder(shape, 'value')
  } catch (error) {
    if (error instanceof TailraceError && error.code === 'SCHEMA_FORM') return undefined
    throw error
  }
}

function shapeOf(type: FieldType): Shape {
  return { name: 'shop.orders.Envelope', fields: [{ name: 'after', type, isOptional: true }], rest: undefined }
}

/** Compares what was decoded with what should be seen, by the type, without any code that wrote it. */
function expectSeen(decoded: unknown, { value, seen }: FittingValue, type: FieldType): void {
  switch (seen.kind) {
    case 'text':
      return expect(decoded).toBe(seen.text)
    case 'whole':
      return expect(BigInt(decoded as number)).toBe(seen.whole)
    case 'decimal':
      return expect(BigInt.asIntN((decoded as Buffer).length * 8, bigOf(decoded as Buffer))).toBe(seen.unscaled)
    case 'floating':
      return expect(decoded).toBe(type.kind === 'float' ? Math.fround(seen.number) : seen.number)
    case 'boolean':
      return expect(decoded).toBe(seen.isTrue)
    case 'bytes':
      return expect((decoded as Buffer).toString('base64')).toBe(seen.base64)
    case 'json':
      return expect(canonicalItem({ a: parseJson(Buffer.from(decoded as string)) as AttributeValue })).toBe(
        canonicalItem({ a: value }),
      )
    case 'typed':
      return expect(canonicalItem({ a: attributeValueOf(decoded) })).toBe(canonicalItem({ a: value }))
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
      return expectFields(Object.values(decoded as object), seen.fields, type)
  }
}

function expectFields(
  decoded: readonly unknown[],
  fields: readonly (FittingValue | undefined)[],
  type: FieldType,
): void {
  const shape = type.kind === 'struct' ? type.shape : undefined
  expect(decoded).toHaveLength(fields.length + (shape?.rest === undefined ? 0 : 1))
  for (const [index, field] of fields.entries()) {
    if (field === undefined) expect(decoded[index]).toBeNull()
    else expectSeen(decoded[index], field, shape?.fields[index]?.type ?? type)
  }
}

function bigOf(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex')}`)
}

function holds(value: unknown, text: string): boolean {
  return JSON.stringify(value).includes(text)
}

function hasLoneSurrogate(value: unknown): boolean {
  return /(^|[^\\])(\\\\)*\\ud[89a-f]/.test(JSON.stringify(value))
}
