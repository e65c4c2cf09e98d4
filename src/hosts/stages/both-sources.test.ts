import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arbitraryChange, tableOf } from '../../../test/oracle/arbitrary-items.ts'
import { kinesisRecordOf, kinesisWire, streamsWire } from '../../../test/oracle/kinesis-wire.ts'
import { stagesWith, stream } from '../../../test/oracle/stream-pages.ts'
import { createMemoryRegistry } from '../../../test/servers/registry-memory.ts'
import type { ChangeEvent } from '../../change/change-event.ts'
import type { Table } from '../../change/table.ts'
import { loadConfig } from '../../config/load-config.ts'
import type { PipelineConfig } from '../../config/pipeline-config.ts'
import type { ProducerRecord } from '../../kafka/kafka.ts'
import { firstEntry } from '../../pipeline/table-life.ts'
import type { StageOutput } from '../../pipeline/stages.ts'
import { stagesOf } from '../record-way.ts'
import { recordTransformsOf } from '../transforms-of.ts'
import { envelopeOf } from './envelope-of.ts'
import { serializerOf } from './serializer-of.ts'

const table = tableOf('NEW_AND_OLD_IMAGES')
const never = new AbortController().signal
const shardId = 'shardId-000000000002'
const nowMs = 1_795_426_138_000
const input = { shardId, notBeforeMs: undefined, maxRecordBytes: 1_000_000, nowMs }

/** The same region and account, and the label in the place of DynamoDB's. */
const changes: Table = { ...stream, region: table.region, account: table.account }

function configOf(envelope: string, value: string): PipelineConfig {
  const registry = value === 'json' ? '' : 'schema.registry.url: http://r.example'
  return loadConfig({
    text: `pipeline: shop
source: {region: us-east-1, tables: [orders]}
kafka.bootstrap.servers: b:9092
format.envelope: ${envelope}
format.value: ${value}
${envelope === 'cloudevents' ? 'format.extras: [changed_fields, ttl_delete, size_bytes]' : ''}
${registry}`,
    path: '/p.yaml',
    env: {},
    readFile: () => Buffer.alloc(0),
    realPath: (path) => path,
  })
}

async function fromStreams(config: PipelineConfig, events: readonly ChangeEvent[]): Promise<StageOutput> {
  const stages = stagesOf(config, '0.0.0', { registry: createMemoryRegistry() })
  const entry = firstEntry(table, { topic: 'shop.orders', partitions: 3, id: 'x' }, undefined)
  return await stages.process({ ...input, table: entry, records: events.map(streamsWire) }, never)
}

async function fromKinesis(config: PipelineConfig, events: readonly ChangeEvent[]): Promise<StageOutput> {
  const envelopeFor = (one: Table): ReturnType<typeof envelopeOf> => envelopeOf(one, config, '0.0.0')
  const recordTransforms = recordTransformsOf(config)
  const stages = stagesWith({
    configured: { orders: ['pk', 'sk'] },
    options: {
      envelopeFor,
      recordTransforms,
      serializer: serializerOf(config, { envelopeFor, recordTransforms, registry: createMemoryRegistry() }),
      compression: config.kafka.compression,
      otherTopics: { provide: async () => ({ id: 'y', partitions: 3, maxRecordBytes: 1_000_000 }) },
    },
    limits: { maxRecordBytes: async () => 1_000_000, maxRecordBytesNow: async () => 1_000_000 },
  })
  const records = events.map((event) =>
    kinesisRecordOf(kinesisWire(event, 'orders'), { sequenceNumber: event.sequenceNumber }),
  )
  const entry = firstEntry(changes, { topic: '', partitions: 0, id: '' }, undefined)
  return await stages.process({ ...input, table: entry, records }, never)
}

/** Where the ARN of the stream is told, it is told of the other one; nothing else may differ. */
const told = (records: readonly ProducerRecord[], arn: string): unknown =>
  records.map(({ value, ...record }) => {
    const text = value?.toString('latin1')
    return { ...record, value: text?.replace(arn, 'the stream'), length: (text?.length ?? 0) - arnLength(text, arn) }
  })
const arnLength = (text: string | undefined, arn: string): number => (text?.includes(arn) === true ? arn.length : 0)

const withoutValue = ({ value, ...record }: ProducerRecord): object => ({ ...record, isDelete: value === null })

/** Lone surrogates, which JSON text shows escaped, have no place in Avro. */
const isWellFormed = (some: readonly ChangeEvent[]): boolean => !/\\ud[89a-f]/.test(JSON.stringify(some))

const events = fc
  .array(
    arbitraryChange.filter((one) => one.table.viewType === 'NEW_AND_OLD_IMAGES' && one.event.operation !== 'READ'),
    { minLength: 1, maxLength: 4 },
  )
  .map((all) =>
    all.map(({ event }) => ({
      ...event,
      createdAtMs: Math.floor(event.createdAtMs / 1000) * 1000,
      createdAtMicros: undefined,
    })),
  )

describe.each(['debezium', 'flat', 'cloudevents', 'cloudevents-structured', 'dynamodb-json', 'trustpilot'])(
  'a change in the envelope %s',
  (envelope) => {
    const values = envelope === 'flat' ? ['json'] : ['json', 'avro']

    it.each(values)('is the same record out of a stream of either kind: %s', async (value) => {
      const config = configOf(envelope, value)
      let delivered = 0
      await fc.assert(
        fc.asyncProperty(value === 'json' ? events : events.filter(isWellFormed), async (some) => {
          const [streams, kinesis] = [await fromStreams(config, some), await fromKinesis(config, some)]
          // Of a stream of Kinesis such a page fails as a whole.
          const { failure } = streams
          expect(kinesis.failure).toEqual(failure)
          if (failure !== undefined) return
          delivered++
          // Avro writes the length of a text in front of it.
          if (envelope === 'dynamodb-json' && value === 'avro') {
            expect(kinesis.records.map(withoutValue)).toEqual(streams.records.map(withoutValue))
          } else {
            expect(told(kinesis.records, changes.streamArn)).toEqual(told(streams.records, table.streamArn))
          }
        }),
        // About every second page holds something that Trustpilot's record has no place for.
        { numRuns: envelope === 'trustpilot' ? 60 : 12 },
      )
      expect(delivered).toBeGreaterThan(3)
    })
  },
)

describe('a change that is known to the microsecond', () => {
  const event: ChangeEvent = {
    operation: 'INSERT',
    keys: { pk: { S: 'a' }, sk: { N: '1' } },
    oldImage: undefined,
    newImage: { pk: { S: 'a' }, sk: { N: '1' } },
    eventId: 'e',
    shardId,
    sequenceNumber: '7',
    createdAtMs: 1_795_426_137_123,
    createdAtMicros: 1_795_426_137_123_456,
    userIdentity: undefined,
    sizeBytes: 1,
    snapshot: undefined,
  }

  it('keeps that where the envelope has a place for it', async () => {
    const debezium = (await fromKinesis(configOf('debezium', 'json'), [event])).records[0]
    expect(String(debezium?.value)).toContain(
      '"ts_ms":1795426137123,"ts_us":1795426137123456,"ts_ns":1795426137123456000,"snapshot":"false"',
    )
    expect(debezium?.timestamp).toBe(1_795_426_137_123)
    const dynamodb = (await fromKinesis(configOf('dynamodb-json', 'json'), [event])).records[0]
    expect(String(dynamodb?.value)).toContain(
      '"ApproximateCreationDateTime":1795426137123456,"ApproximateCreationDateTimePrecision":"MICROSECOND"',
    )
  })
})
