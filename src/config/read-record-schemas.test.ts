import { describe, expect, it } from 'vitest'
import { loadPipeline, minimalPipeline, pipelineFailure } from '../../test/fixtures/load-pipeline.ts'
import { configFingerprint } from './config-fingerprint.ts'
import type { PipelineConfig } from './pipeline-config.ts'

const url = 'schema.registry.url: https://sr.example\n'
const declared = `${url}format.value: avro\nformat.item: declared\nformat.schemas: [orders=schemas/orders.avsc]\n`
const files = { '/etc/tailrace/schemas/orders.avsc': '{"type":"record"}' }

const load = (text: string, given: Readonly<Record<string, string>> = files): PipelineConfig =>
  loadPipeline(minimalPipeline + text, { files: given })

function refusal(text: string): string {
  const { code, message } = pipelineFailure(minimalPipeline + text, { files })
  if (code !== 'CONFIG_INVALID') throw new Error(`${code} was thrown`)
  return message
}

describe('records with schemas', () => {
  it('have keys as they have values, unless told otherwise', () => {
    expect(load(`${url}format.value: avro`).recordSchemas).toMatchObject({ key: 'avro', value: 'avro' })
    expect(load(`${url}format.value: avro\nformat.key: json`).recordSchemas).toMatchObject({ key: 'json' })
    expect(load(`${url}format.key: json-schema`).recordSchemas).toMatchObject({ key: 'json-schema', value: 'json' })
  })

  it("take Confluent's names of strategies, and its classes", () => {
    const text = `${url}format.value: avro
key.subject.name.strategy: RecordNameStrategy
value.subject.name.strategy: io.confluent.kafka.serializers.subject.TopicRecordNameStrategy`
    expect(load(text).recordSchemas.subjects).toEqual({ key: 'record', value: 'topic-record' })
    expect(refusal(`${url}format.value: avro\nkey.subject.name.strategy: com.example.Mine`)).toContain(
      'TopicNameStrategy',
    )
  })

  it('read their declarations from beside the file', () => {
    const schemas = [{ table: 'orders', path: 'schemas/orders.avsc', text: '{"type":"record"}' }]
    expect(load(declared).recordSchemas.declared).toEqual(schemas)
  })

  it('count in the fingerprint by what their files say, not by where these are', () => {
    const one = configFingerprint(load(declared))
    const moved = load(declared.replace('schemas/', '/srv/'), { '/srv/orders.avsc': '{"type":"record"}' })
    expect(configFingerprint(moved)).toBe(one)
    expect(configFingerprint(load(declared, { ...files, '/etc/tailrace/schemas/orders.avsc': '{}' }))).not.toBe(one)
    expect(configFingerprint(load(''))).not.toBe(one)
  })

  it.each([
    ['format.value: avro', 'format.value: avro needs schema.registry.url'],
    ['format.key: avro', 'format.key: avro needs schema.registry.url'],
    ['format.item: typed', 'format.item is set without a format.value that has a schema'],
    ['format.schema.id.in: header', 'format.schema.id.in is set without'],
    [`${url}format.value: avro\nformat.item: declared`, 'format.item: declared needs format.schemas'],
    [
      `${url}format.value: avro\nformat.schemas: [orders=a.avsc]`,
      'format.schemas is set without format.item: declared',
    ],
    [`${url}format.value: avro\nformat.schema.evolution: lenient`, 'format.schema.evolution is set without'],
    [`${url}format.value: avro\nformat.envelope: flat`, 'format.envelope: flat needs format.item: declared'],
    [`${url}format.value: avro\nformat.schemas.enable: true`, 'format.schemas.enable has no effect'],
    [declared.replace(']', ', orders=schemas/orders.avsc]'), 'format.schemas names table orders twice'],
    [declared.replace('orders.avsc', 'other.avsc'), 'format.schemas: the file of table orders cannot be read'],
    [declared.replace('orders.avsc', 'orders.txt'), 'format.schemas'],
  ])('refuse %j', (text, reason) => {
    expect(refusal(text)).toContain(reason)
  })
})
