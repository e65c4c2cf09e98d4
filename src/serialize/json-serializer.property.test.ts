import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arbitraryChange } from '../../test/oracle/arbitrary-items.ts'
import type { ArbitraryChange } from '../../test/oracle/arbitrary-items.ts'
import { violatedDebeziumRules } from '../../test/oracle/debezium-rules.ts'
import { differenceOfItem, parseExactly } from '../../test/oracle/exact-json.ts'
import type { Item } from '../change/attribute-value.ts'
import { createDebeziumEnvelope } from '../envelope/debezium-envelope.ts'
import { createJsonSerializer } from './json-serializer.ts'
import type { JsonSerializerOptions } from './json-serializer.ts'
import type { SerializedRecord } from './serializer.ts'

const plain: JsonSerializerOptions = { numbers: 'exact', schemasEnable: false }
const wrapped: JsonSerializerOptions = { numbers: 'exact', schemasEnable: true }

describe('createJsonSerializer, for any change', () => {
  it('keeps the rules of the readers of Debezium records in all forms', () => {
    const options = fc.record({ numbers: fc.constantFrom('exact', 'string'), schemasEnable: fc.boolean() })
    fc.assert(
      fc.property(fc.array(arbitraryChange, { minLength: 1, maxLength: 4 }), options, (changes, options) => {
        const records = changes.flatMap((change) => write(change, options))
        expect(violatedDebeziumRules(records, { hasTombstones: true })).toEqual([])
      }),
      { numRuns: 500 },
    )
  })

  it('writes images, key and source exactly', () => {
    fc.assert(
      fc.property(arbitraryChange, (change) => {
        const [record] = write(change, plain)
        const value = fields(record?.value)
        const { oldImage, newImage, keys } = change.event
        expect(oldImage && differenceOfItem(value['before'], oldImage)).toBeUndefined()
        expect(newImage && differenceOfItem(value['after'], newImage)).toBeUndefined()
        expect(fields(record?.key)['pk']).toBe(Object.values(keys['pk'] ?? {})[0])
        const { sequenceNumber, shardId, createdAtMs } = change.event
        expect(value['source']).toMatchObject({
          sequence: JSON.stringify([shardId, sequenceNumber]),
          sequence_number: sequenceNumber,
          ts_ms: { literal: String(createdAtMs) },
          ts_ns: { literal: String(BigInt(createdAtMs) * 1_000_000n) },
        })
      }),
      { numRuns: 500 },
    )
  })

  it('describes each image of the wrapped form field by field, and holds it exactly', () => {
    fc.assert(
      fc.property(arbitraryChange, (change) => {
        const [record] = write(change, wrapped)
        const { schema, payload } = fields(record?.value)
        const [before, after] = asList(asFields(schema)['fields'])
        for (const [name, image, described] of [
          ['before', change.event.oldImage, before],
          ['after', change.event.newImage, after],
        ] as const) {
          const written = asFields(payload)[name]
          const names = asList(asFields(described)['fields']).map((field) => asFields(field)['field'])
          expect(names).toEqual(
            Object.keys(image ?? written ?? asFields(payload)['before'] ?? asFields(payload)['after'] ?? {}),
          )
          expect(image && differenceOfItem(withoutConnect(written, image), image)).toBeUndefined()
        }
      }),
      { numRuns: 500 },
    )
  })

  it('writes the same bytes whichever worker does it, and whatever came before', () => {
    fc.assert(
      fc.property(fc.array(arbitraryChange, { minLength: 2, maxLength: 6 }), (changes) => {
        const serializer = createJsonSerializer(plain)
        const together = changes.map((change) => serializer.serialize(wrap(change)).map(textOf))
        expect(together).toEqual(changes.map((change) => write(change, plain).map(textOf)))
      }),
    )
  })
})

function wrap({ table, event }: ArbitraryChange) {
  const envelope = createDebeziumEnvelope({ table, name: 'shop', connectorVersion: '0.1.0', tombstonesOnDelete: true })
  return envelope.wrap(event, 1_795_426_137_123)
}

function write(change: ArbitraryChange, options: JsonSerializerOptions): readonly SerializedRecord[] {
  return createJsonSerializer(options).serialize(wrap(change))
}

function textOf({ key, value }: SerializedRecord): string {
  return `${key.toString('utf8')}\n${value === null ? '(tombstone)' : value.toString('utf8')}`
}

function fields(bytes: Buffer | null | undefined): Record<string, unknown> {
  return Object.fromEntries(Object.entries(parseExactly(bytes?.toString('utf8') ?? '{}') ?? {}))
}

function asFields(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

/** Takes back what Connect's form does to an image: numbers as strings, maps and lists as JSON text. */
function withoutConnect(written: unknown, image: Item): unknown {
  const undone = Object.entries(asFields(written)).map(([name, value]) => {
    const original = Object.getOwnPropertyDescriptor(image, name)?.value ?? {}
    if ('N' in original) return [name, { literal: value }]
    if ('NS' in original) return [name, asList(value).map((literal) => ({ literal }))]
    if ('M' in original || 'L' in original) return [name, parseExactly(String(value))]
    return [name, value]
  })
  return Object.fromEntries(undone)
}
