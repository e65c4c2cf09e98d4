import avsc from 'avsc'
import protobuf from 'protobufjs'
import { parseJson } from '../../src/aws/exact-json.ts'
import type { Item } from '../../src/change/attribute-value.ts'
import type { ChangeEvent } from '../../src/change/change-event.ts'
import { createDynamodbJsonEnvelope } from '../../src/envelope/dynamodb-json-envelope.ts'
import { createAvroFormat } from '../../src/serialize/avro/avro-format.ts'
import { createJsonSchemaFormat } from '../../src/serialize/json-schema/json-schema-format.ts'
import { createJsonSerializer } from '../../src/serialize/json-serializer.ts'
import { createProtobufFormat } from '../../src/serialize/protobuf/protobuf-format.ts'
import type { RecordEncoder } from '../../src/serialize/record-encoder.ts'
import type { FieldType, Shape } from '../../src/shapes/shape.ts'
import { tableOf } from '../oracle/arbitrary-items.ts'
import { isTypedItemRead } from '../oracle/read-typed-values.ts'
import { unmarshalledAndBack } from './util-dynamodb.ts'

/** Writes an item, reads it with a reader that is not ours where there is one, and tells whether all of it came back. */
export interface RoundTrip {
  readonly name: string
  /** Throws what writing or reading throws. */
  isEqual(item: Item): boolean
}

/** The forms that promise to lose nothing, and beside them the SDK's own conversion. Each keeps what it needs: one per thread. */
export function roundTrips(): readonly RoundTrip[] {
  return [
    dynamodbJson(),
    avroTrip('Avro, typed', 'typed'),
    avroTrip('Avro, json-string of DynamoDB JSON', 'json'),
    jsonTrip('JSON Schema, typed', 'typed'),
    jsonTrip('JSON Schema, json-string of DynamoDB JSON', 'json'),
    protobufTrip('Protobuf, typed', 'typed'),
    protobufTrip('Protobuf, json-string of DynamoDB JSON', 'json'),
    { name: '@aws-sdk/util-dynamodb', isEqual: (item) => unmarshalledAndBack(item, false) },
    { name: '@aws-sdk/util-dynamodb, wrapNumbers', isEqual: (item) => unmarshalledAndBack(item, true) },
  ]
}

const keys: Item = { pk: { S: 'a' }, sk: { N: '1' } }
const fit = {
  json: 'dynamodb',
  numbers: 'exact',
  binaries: 'base64',
  evolution: 'strict',
  roundsNumbers: false,
} as const

function dynamodbJson(): RoundTrip {
  const table = tableOf('NEW_AND_OLD_IMAGES')
  const envelope = createDynamodbJsonEnvelope({ table, name: 'shop', tombstonesOnDelete: false })
  const serializer = createJsonSerializer({ numbers: 'exact', schemasEnable: false })
  return {
    name: 'format.envelope: dynamodb-json',
    isEqual: (item) => {
      const [record] = serializer.serialize(envelope.wrap({ ...insert, newImage: item }, 0))
      const { dynamodb } = parseJson(record?.value ?? noBytes) as { readonly dynamodb: { readonly NewImage: unknown } }
      return isTypedItemRead(dynamodb.NewImage, item, 'base64')
    },
  }
}

const insert: ChangeEvent = {
  operation: 'INSERT',
  keys,
  oldImage: undefined,
  newImage: undefined,
  eventId: 'e',
  shardId: 's',
  sequenceNumber: '1',
  createdAtMs: 0,
  userIdentity: undefined,
  sizeBytes: 1,
  snapshot: undefined,
}

function avroTrip(name: string, form: 'typed' | 'json'): RoundTrip {
  const encoder = createAvroFormat({ names: { fields: 'none', schemas: 'none' }, fit }).encoder(shapeOf(form), 'value')
  const type = avsc.Type.forSchema(JSON.parse(encoder.schema.text) as avsc.Schema)
  const read = (item: Item): unknown => {
    const { image } = type.fromBuffer(encoded(encoder, item)) as { readonly image: unknown }
    return { image: form === 'json' ? image : withHiddenEntry(image as object) }
  }
  return { name: `${name} (avsc)`, isEqual: (item) => isImageRead(read(item), item, form) }
}

/** avsc puts the entries of maps into objects by assignment: one called `__proto__` has become the object's prototype. */
function withHiddenEntry(map: object): object {
  const hidden: unknown = Object.getPrototypeOf(map)
  if (hidden === null || Object.hasOwn(hidden as object, 'constructor')) return map
  return Object.fromEntries([...Object.entries(map), ['__proto__', hidden]])
}

function jsonTrip(name: string, form: 'typed' | 'json'): RoundTrip {
  const encoder = createJsonSchemaFormat(fit).encoder(shapeOf(form), 'value')
  return { name, isEqual: (item) => isImageRead(parseJson(encoded(encoder, item)), item, form) }
}

function protobufTrip(name: string, form: 'typed' | 'json'): RoundTrip {
  const names = { fields: 'none', schemas: 'none' } as const
  const encoder = createProtobufFormat({ names, fit }).encoder(shapeOf(form), 'value')
  const type = protobuf.parse(encoder.schema.text, { keepCase: true }).root.lookupType('shop.Image')
  const read = (item: Item): unknown => {
    const { image } = type.decode(encoded(encoder, item)) as unknown as { readonly image: object }
    return { image: form === 'json' ? image : typedValues(image) }
  }
  return { name: `${name} (protobufjs)`, isEqual: (item) => isImageRead(read(item), item, form) }
}

/** The typed values of a map of messages, in the words of DynamoDB. */
function typedValues(messages: object): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(messages).map(([name, message]) => [name, typedValue(message)]))
}

/** Of which one member is set; maps, lists and sets lie in messages of their own. */
function typedValue(message: object): Readonly<Record<string, unknown>> {
  const held = (content: object, name: string): unknown => Object.getOwnPropertyDescriptor(content, name)?.value
  return Object.fromEntries(
    Object.entries(message).map(([member, content]: [string, unknown]) => {
      if (content instanceof Uint8Array) return [member, Buffer.from(content).toString('base64')]
      if (typeof content !== 'object' || content === null) return [member, content]
      if (member === 'M') return [member, typedValues((held(content, 'entries') as object | undefined) ?? {})]
      const values = (held(content, 'values') as readonly unknown[] | undefined) ?? []
      if (member === 'L') return [member, values.map((value) => typedValue(value as object))]
      return [
        member,
        values.map((value) => (value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value)),
      ]
    }),
  )
}

function encoded(encoder: RecordEncoder, item: Item): Buffer {
  return encoder.encode({ image: { ITEM: item } })
}

function isImageRead(read: unknown, item: Item, form: 'typed' | 'json'): boolean {
  const { image } = read as { readonly image: unknown }
  return isTypedItemRead(form === 'json' ? parseJson(Buffer.from(String(image))) : image, item, 'base64')
}

function shapeOf(form: 'typed' | 'json'): Shape {
  const type: FieldType = form === 'json' ? { kind: 'json' } : { kind: 'map', values: { kind: 'typed' } }
  return { name: 'shop.Image', fields: [{ name: 'image', type, isOptional: false }], rest: undefined }
}

const noBytes = Buffer.alloc(0)
