import * as fc from 'fast-check'
import protobuf from 'protobufjs'
import { expect, test } from 'vitest'
import { arbitraryItem } from '../../../test/oracle/arbitrary-items.ts'
import type { AttributeValue, Item } from '../../change/attribute-value.ts'
import { TailraceError } from '../../errors.ts'
import { inferShape } from '../../shapes/infer/infer-shape.ts'
import { observeItems } from '../../shapes/infer/observed.ts'
import type { Shape } from '../../shapes/shape.ts'
import { typedContent } from '../fit/typed-content.ts'
import type { RecordEncoder } from '../record-encoder.ts'
import { createProtobufFormat } from './protobuf-format.ts'

const format = createProtobufFormat({
  names: { fields: 'avro_unicode', schemas: 'avro_unicode' },
  fit: { evolution: 'strict', roundsNumbers: false, json: 'dynamodb', numbers: 'exact' },
})
const items = arbitraryItem.filter((item) => !/\\ud[89a-f]/i.test(JSON.stringify(item)))

test('typed values come out of another implementation as they went in', () => {
  const shape: Shape = {
    name: 'shop.orders.Image',
    fields: [{ name: 'after', type: { kind: 'map', values: { kind: 'typed' } }, isOptional: true }],
    rest: undefined,
  }
  const encoder = format.encoder(shape, 'value')
  const type = typeOf(encoder, 'shop.orders.Image')
  fc.assert(
    fc.property(items, (item) => {
      // A name that protobufjs keeps as no member.
      fc.pre(!JSON.stringify(item).includes('"__proto__"'))
      const { after } = type.decode(encoder.encode({ after: { ITEM: item } })) as unknown as { after: Decoded }
      expect(Object.fromEntries(Object.entries(after).map(([name, value]) => [name, valueOf(value)]))).toEqual(
        Object.fromEntries(Object.entries(item).map(([name, value]) => [name, canonical(value)])),
      )
    }),
  )
})

test('an inferred record is read by another implementation, and written the same by it', () => {
  fc.assert(
    fc.property(items, (item) => {
      const sample: Item = { ...item, pk: { S: 'a' } }
      const encoder = encoderOf(inferShape(observeItems([sample]), { name: 'shop.orders.Value', keys: ['pk'] }))
      fc.pre(encoder !== undefined && !encoder.schema.text.includes('__proto__'))
      const bytes = encoder.encode(sample)
      const type = typeOf(encoder, 'shop.orders.Value')
      expect(Buffer.from(type.encode(type.decode(bytes)).finish())).toEqual(bytes)
    }),
  )
})

type Decoded = Readonly<Record<string, Readonly<Record<string, unknown>>>>

function typeOf(encoder: RecordEncoder, name: string): protobuf.Type {
  return protobuf.parse(encoder.schema.text, { keepCase: true }).root.lookupType(name)
}

/** Undefined for names that Protobuf cannot have. */
function encoderOf(shape: Shape): RecordEncoder | undefined {
  try {
    return format.encoder(shape, 'value')
  } catch (error) {
    if (error instanceof TailraceError && error.code === 'SCHEMA_FORM') return undefined
    throw error
  }
}

/** What the decoder made of an AttributeValue, in DynamoDB's words. */
function valueOf(decoded: Readonly<Record<string, unknown>>): unknown {
  const [[type, content] = ['none', undefined]] = Object.entries(decoded)
  const list = (): readonly unknown[] => (content as { readonly values?: readonly unknown[] }).values ?? []
  const text = (bytes: unknown): string => Buffer.from(bytes as Uint8Array).toString('base64')
  switch (type) {
    case 'M': {
      const entries = (content as { readonly entries?: Decoded }).entries ?? {}
      return { M: Object.fromEntries(Object.entries(entries).map(([name, value]) => [name, valueOf(value)])) }
    }
    case 'L':
      return { L: list().map((element) => valueOf(element as Readonly<Record<string, unknown>>)) }
    case 'SS':
    case 'NS':
      return { [type]: list() }
    case 'BS':
      return { BS: list().map(text) }
    case 'B':
      return { B: text(content) }
    default:
      return { [type]: content }
  }
}

/** Numbers in their one notation, sets in their fixed order. */
function canonical(value: AttributeValue): unknown {
  const typed = typedContent(value, 0)
  if ('M' in typed)
    return { M: Object.fromEntries(Object.entries(typed.M).map(([name, inner]) => [name, canonical(inner)])) }
  return 'L' in typed ? { L: typed.L.map(canonical) } : typed
}
