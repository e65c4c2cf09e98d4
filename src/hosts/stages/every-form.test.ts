import { describe, expect, it } from 'vitest'
import { tableOf } from '../../../test/oracle/arbitrary-items.ts'
import { createMemoryRegistry } from '../../../test/servers/registry-memory.ts'
import { loadConfig } from '../../config/load-config.ts'
import type { PipelineConfig } from '../../config/pipeline-config.ts'
import { firstEntry } from '../../pipeline/table-life.ts'
import type { StageOutput } from '../../pipeline/stages.ts'
import { stagesOf } from '../record-way.ts'

const table = tableOf('NEW_AND_OLD_IMAGES')
const never = new AbortController().signal
const declared = `syntax = "proto3";
package shop;
message Order {
  string pk = 1;
  int64 sk = 2;
  optional string note = 4;
  optional Address address = 5;
}
message Address {
  optional string zip = 1;
}
`

const envelopes = {
  debezium: '',
  flat: 'format.add.fields: [op, source.table]\nformat.delete.tombstone.handling.mode: rewrite-with-tombstone',
  cloudevents: 'format.extras: [changed_fields, size_bytes]',
  'cloudevents-structured': '',
  'dynamodb-json': '',
  trustpilot: '',
}
const flattened = 'transforms: [flatten]\ntransforms.flatten.type: org.apache.kafka.connect.transforms.Flatten$Value'

function configOf(envelope: string, value: string, item: string, more: string): PipelineConfig {
  const files = item === 'declared' ? 'format.schemas: [orders=order.proto]' : ''
  const schema = value === 'json' ? '' : `schema.registry.url: http://r.example\nformat.item: ${item}\n${files}`
  return loadConfig({
    text: `pipeline: shop
source: {region: us-east-1, tables: [orders]}
kafka.bootstrap.servers: b:9092
format.envelope: ${envelope}
format.value: ${value}
${schema}
${more}`,
    path: '/p.yaml',
    env: {},
    readFile: () => Buffer.from(declared),
    realPath: (path) => path,
  })
}

/** An item that is made, changed to have no address, and deleted. */
async function outputOf(config: PipelineConfig): Promise<StageOutput> {
  const keys = { pk: { S: 'a' }, sk: { N: '1' } }
  const first = { ...keys, note: { S: 'n' }, address: { M: { zip: { S: '1' } } } }
  const second = { ...keys, address: { NULL: true } }
  const wire = (eventName: string, sequence: number, images: object): unknown => ({
    eventID: `e${sequence}`,
    eventName,
    dynamodb: {
      ApproximateCreationDateTime: 1_795_426_137,
      Keys: keys,
      SequenceNumber: String(sequence),
      SizeBytes: 1,
      ...images,
    },
  })
  const otherTopics = { provide: () => Promise.resolve({ id: 'y', partitions: 1, maxRecordBytes: 100_000 }) }
  return stagesOf(config, '0.0.0', { registry: createMemoryRegistry(), otherTopics }).process(
    {
      table: firstEntry(table, { topic: 'shop.orders', partitions: 3, id: 'x' }, undefined),
      shardId: 's',
      records: [
        wire('INSERT', 1, { NewImage: first }),
        wire('MODIFY', 2, { OldImage: first, NewImage: second }),
        wire('REMOVE', 3, { OldImage: second }),
      ],
      notBeforeMs: undefined,
      maxRecordBytes: 100_000,
      nowMs: 1_795_426_138_000,
    },
    never,
  )
}

describe.each(Object.entries(envelopes))('the envelope %s', (envelope, more) => {
  const items =
    envelope === 'dynamodb-json' || envelope === 'trustpilot' ? ['json-string'] : ['json-string', 'declared', 'typed']
  const forms = ['avro', 'json-schema', 'protobuf'].flatMap((value) => items.map((item) => [value, item] as const))

  it.each([['json', 'json-string'] as const, ...forms])('can be written as %s, %s', async (value, item) => {
    const refused = envelope === 'flat' && value !== 'json' && item !== 'declared'
    if (refused) expect(() => configOf(envelope, value, item, more)).toThrow(/flat/)
    else {
      const output = await outputOf(configOf(envelope, value, item, more))
      expect(output).toMatchObject({ failure: undefined, read: 3, changes: 3 })
      const operations = output.records.map(({ headers }) => headers.find(([name]) => String(name) === 'tailrace.op'))
      if (value !== 'json' || envelope !== 'debezium')
        expect(operations.every((found) => found !== undefined)).toBe(true)
      expect(output.records.at(-1)?.value).toBeNull()
    }
  })
})

describe('flattened records', () => {
  it.each(['debezium', 'flat'] as const)(
    'of the envelope %s have a schema in which nothing is missing',
    async (envelope) => {
      for (const value of ['avro', 'protobuf', 'json-schema']) {
        const output = await outputOf(configOf(envelope, value, 'declared', flattened))
        expect(output).toMatchObject({ failure: undefined, read: 3 })
      }
    },
  )
})

describe('a transform that looks at the topic', () => {
  it('sees the one that a record comes from, also where another one gives it a new topic', async () => {
    const more = `
transforms: [mark, route]
transforms.mark.type: org.apache.kafka.connect.transforms.InsertField$Value
transforms.mark.static.field: marked
transforms.mark.static.value: 'yes'
transforms.mark.predicate: own
transforms.route.type: org.apache.kafka.connect.transforms.RegexRouter
transforms.route.regex: 'shop\\.(.*)'
transforms.route.replacement: $1
predicates: [own]
predicates.own.type: org.apache.kafka.connect.transforms.predicates.TopicNameMatches
predicates.own.pattern: 'shop\\..*'
`
    const output = await outputOf(configOf('flat', 'avro', 'declared', more))
    expect(output).toMatchObject({ failure: undefined, read: 3 })
    expect(new Set(output.records.map(({ topic }) => topic))).toEqual(new Set(['orders']))
    expect(String(output.records[0]?.value)).toContain('yes')
  })
})
