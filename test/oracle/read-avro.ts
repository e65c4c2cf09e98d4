import avro from 'avsc'
import type { AttributeValue } from '../../src/change/attribute-value.ts'

/** What a record with one set member says, in the words of DynamoDB. */
export interface DecodedValue {
  readonly [member: string]: unknown
}

/**
 * Reads Avro's binary form with avsc, by the schema's text: longs as bigints, records as plain objects. What avsc itself
 * cannot keep is not for it: names that are `__proto__`.
 */
export function readAvro(text: string, payload: Buffer): unknown {
  const long = avro.types.LongType.__with({
    fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
    toBuffer: (value: bigint) => {
      const buffer = Buffer.alloc(8)
      buffer.writeBigInt64LE(value)
      return buffer
    },
    fromJSON: BigInt,
    toJSON: String,
    isValid: (value: unknown) => typeof value === 'bigint',
    compare: (left: bigint, right: bigint) => (left < right ? -1 : left > right ? 1 : 0),
  })
  const type = avro.Type.forSchema(JSON.parse(text) as avro.Schema, { registry: { long } })
  return type.fromBuffer(payload)
}

/** The value of DynamoDB that a decoded `tailrace.AttributeValue` is. Throws unless exactly one member is set. */
export function attributeValueOf(decoded: unknown): AttributeValue {
  const set = Object.entries(decoded as DecodedValue).filter(([, content]) => content !== null)
  const [member] = set
  if (member === undefined || set.length !== 1) throw new Error(`${set.length} members are set`)
  const [type, content] = member
  return { [type]: contentOf(type, content) } as unknown as AttributeValue
}

function contentOf(type: string, content: unknown): unknown {
  switch (type) {
    case 'B':
      return (content as Buffer).toString('base64')
    case 'BS':
      return (content as Buffer[]).map((bytes) => bytes.toString('base64'))
    case 'L':
      return (content as unknown[]).map(attributeValueOf)
    case 'M':
      return Object.fromEntries(
        (content as { readonly name: string; readonly value: unknown }[]).map(({ name, value }) => [
          name,
          attributeValueOf(value),
        ]),
      )
    default:
      return content
  }
}

/** The item that a decoded map of such records is. */
export function itemOf(decoded: unknown): Readonly<Record<string, AttributeValue>> {
  return Object.fromEntries(
    Object.entries(decoded as DecodedValue).map(([name, value]) => [name, attributeValueOf(value)]),
  )
}
