import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { seededRng } from '../../src/async/rng.ts'
import { systemClock } from '../../src/async/system-clock.ts'
import { loadConfig } from '../../src/config/load-config.ts'
import { debeziumShapes } from '../../src/envelope/debezium-shapes.ts'
import type { RowForm } from '../../src/envelope/envelope.ts'
import { schemaRegistryOf } from '../../src/hosts/schema-registry-of.ts'
import type { SchemaRegistry, SchemaText } from '../../src/schema-registry/schema-registry.ts'
import { avroSchema } from '../../src/shapes/avro-schema.ts'
import { jsonSchema } from '../../src/shapes/json-schema.ts'
import { protoFile } from '../../src/shapes/proto/proto-file.ts'
import type { FieldShape, FieldType, Shape } from '../../src/shapes/shape.ts'
import { tableOf } from '../oracle/arbitrary-items.ts'
import { startLocalRegistry } from '../servers/local-registry.ts'
import type { LocalRegistry } from '../servers/local-registry.ts'

const never = new AbortController().signal
const names = { fields: 'avro', schemas: 'avro' } as const

let server: LocalRegistry
let registry: SchemaRegistry

beforeAll(async () => {
  server = await startLocalRegistry()
  const text =
    'pipeline: shop\nsource: {region: eu-west-1, tables: [orders]}\nkafka.bootstrap.servers: localhost:9092\n'
  const { registry: config } = loadConfig({
    text: `${text}schema.registry.url: ${server.url}`,
    path: 'pipeline.yaml',
    env: {},
    realPath: (file) => file,
    readFile: (file) => readFileSync(file),
  })
  if (config === undefined) throw new Error('the configuration has no registry')
  registry = schemaRegistryOf(config, { clock: systemClock, rng: seededRng(12) })
})
afterAll(async () => {
  await registry[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

const formats: readonly (readonly [string, (shape: Shape) => SchemaText])[] = [
  ['avro', (shape) => ({ type: 'AVRO', text: JSON.stringify(avroSchema(shape, names)) })],
  ['json-schema', (shape) => ({ type: 'JSON', text: JSON.stringify(jsonSchema(shape)) })],
  ['protobuf', (shape) => ({ type: 'PROTOBUF', text: protoFile(shape, names) })],
]

const optional = (name: string, type: FieldType): FieldShape => ({ name, type, isOptional: true })
const rowOf = (...more: readonly FieldShape[]): RowForm => {
  const address: Shape = {
    name: 'shop.orders.Address',
    fields: [optional('city', { kind: 'string' })],
    rest: undefined,
  }
  const fields = [
    optional('ship-to', { kind: 'struct', shape: address }),
    optional('bill-to', { kind: 'struct', shape: address }),
    optional('total', { kind: 'decimal', precision: 38, scale: 2 }),
    optional('tags', { kind: 'array', items: { kind: 'string' } }),
    ...more,
  ]
  return { kind: 'declared', shape: { name: 'shop.orders.Value', fields, rest: '_rest' } }
}
const envelope = (row: RowForm): Shape =>
  debeziumShapes({ table: tableOf('NEW_AND_OLD_IMAGES'), name: 'shop', row }).value

describe.each(formats)('%s: a real registry', (format, schemaOf) => {
  test.each<[string, RowForm]>([
    ['declared', rowOf()],
    ['json', { kind: 'json' }],
    ['typed', { kind: 'typed' }],
  ])('takes an envelope with %s images, and gives it back', async (name, row) => {
    const schema = schemaOf(envelope(row))
    const { id } = await registry.resolve(`${format}-${name}-value`, schema, never)
    expect(await registry.byId(id, undefined, never)).toMatchObject({ type: schema.type })
  })

  test('takes a further field, and no other type of one, under BACKWARD', async () => {
    const subject = `${format}-evolution-value`
    const rows = [rowOf(), rowOf(optional('note', { kind: 'string' }))]
    for (const row of rows) await registry.resolve(subject, schemaOf(envelope(row)), never)
    const other = schemaOf(envelope(rowOf(optional('note', { kind: 'boolean' }))))
    await expect(registry.resolve(subject, other, never)).rejects.toMatchObject({ code: 'SCHEMA_INCOMPATIBLE' })
  })
})
