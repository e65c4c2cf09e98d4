import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arbitraryChange } from '../../test/oracle/arbitrary-items.ts'
import { parseJson } from '../aws/exact-json.ts'
import { createJsonSerializer } from '../serialize/json-serializer.ts'
import { createDynamodbJsonEnvelope } from './dynamodb-json-envelope.ts'

describe('the envelope dynamodb-json', () => {
  it('gives back every image as it was', () => {
    fc.assert(
      fc.property(arbitraryChange, ({ table, event }) => {
        const envelope = createDynamodbJsonEnvelope({ table, name: 'shop', tombstonesOnDelete: true })
        const serializer = createJsonSerializer({ numbers: 'string', schemasEnable: false })
        const [record, tombstone] = serializer.serialize(envelope.wrap(event, 0))
        const value = parseJson(record?.value ?? Buffer.alloc(0))
        expect(value).toMatchObject({ eventName: event.operation, tableName: table.name })
        expect(JSON.stringify(change(value)['NewImage'])).toBe(JSON.stringify(event.newImage))
        expect(JSON.stringify(change(value)['OldImage'])).toBe(JSON.stringify(event.oldImage))
        expect(JSON.stringify(change(value)['Keys'])).toBe(JSON.stringify(event.keys))
        expect(change(value)['ApproximateCreationDateTime']).toBe(event.createdAtMicros ?? event.createdAtMs)
        expect(tombstone === undefined).toBe(event.operation !== 'REMOVE')
        expect(serializer.readKey(record?.key ?? Buffer.alloc(0), table, 'shop')).toBeDefined()
      }),
      { numRuns: 1_000 },
    )
  })

  it('refuses what is no DynamoDB value, and names no value', () => {
    fc.assert(
      fc.property(arbitraryChange, ({ table, event }) => {
        const envelope = createDynamodbJsonEnvelope({ table, name: 'shop', tombstonesOnDelete: true })
        const serializer = createJsonSerializer({ numbers: 'exact', schemasEnable: false })
        const broken = { ...event, newImage: { x: { N: 'secret' } } }
        expect(() => serializer.serialize(envelope.wrap(broken, 0))).toThrow(/an N is not a decimal number/)
        expect(() => serializer.serialize(envelope.wrap(broken, 0))).not.toThrow(/secret/)
      }),
      { numRuns: 20 },
    )
  })
})

function change(value: unknown): Readonly<Record<string, unknown>> {
  return (value as { readonly dynamodb: Readonly<Record<string, unknown>> }).dynamodb
}
