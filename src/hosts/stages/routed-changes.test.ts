import { describe, expect, it } from 'vitest'
import { tableOf } from '../../../test/oracle/arbitrary-items.ts'
import { parseMaskRule } from '../../change/mask-rule.ts'
import { parseRouteRule } from '../../change/route-rule.ts'
import { KafkaError } from '../../kafka/kafka.ts'
import { createDebeziumEnvelope } from '../../envelope/debezium-envelope.ts'
import { firstEntry } from '../../pipeline/table-life.ts'
import type { StageInput, StageOutput } from '../../pipeline/stages.ts'
import { createJsonSerializer } from '../../serialize/json-serializer.ts'
import { createChangeMask } from '../../transform/change-mask.ts'
import { createChangeRouter } from '../../transform/change-router.ts'
import { createRecordStages } from './record-stages.ts'
import type { OtherTopics } from './stage-parts.ts'

const table = tableOf('NEW_AND_OLD_IMAGES')
const entry = firstEntry(table, { topic: 'shop.orders', partitions: 3, id: 'x' }, undefined)
const never = new AbortController().signal

function wire(kind: string): unknown {
  const keys = { pk: { S: 'a' }, sk: { N: '1' } }
  return {
    eventID: 'e',
    eventName: 'INSERT',
    dynamodb: {
      ApproximateCreationDateTime: 1,
      Keys: keys,
      NewImage: { ...keys, kind: { S: kind } },
      SequenceNumber: String(kind.length),
      SizeBytes: 1,
    },
  }
}

function process(more: {
  readonly kinds: readonly string[]
  readonly isTopicOfAnother?: StageInput['isTopicOfAnother']
  readonly otherTopics?: Partial<OtherTopics>
  readonly masks?: readonly string[]
}): Promise<StageOutput> {
  const route = parseRouteRule('attribute_exists(kind) => {kind}')
  const masks = (more.masks ?? []).map(parseMaskRule).filter((rule) => !('problem' in rule))
  if ('problem' in route) throw new Error(route.problem)
  const stages = createRecordStages({
    envelopeFor: () => createDebeziumEnvelope({ table, name: 'shop', connectorVersion: '0', tombstonesOnDelete: true }),
    name: 'shop',
    serializer: createJsonSerializer({ numbers: 'exact', schemasEnable: false, binaries: 'base64' }),
    changeTransforms: [
      createChangeMask({ rules: masks as never, hmacKey: undefined }),
      createChangeRouter([route], 'shop'),
    ],
    otherTopics: {
      provide: () => Promise.resolve({ partitions: 1, maxRecordBytes: 850 }),
      ...more.otherTopics,
    },
  })
  return stages.process(
    {
      table: entry,
      shardId: 'shard-1',
      records: more.kinds.map(wire),
      notBeforeMs: undefined,
      maxRecordBytes: 100_000,
      nowMs: 5,
      ...(more.isTopicOfAnother === undefined ? {} : { isTopicOfAnother: more.isTopicOfAnother }),
    },
    never,
  )
}

describe('a routed change', () => {
  it('goes to its topic, with the partitions and the limit of that topic', async () => {
    const output = await process({ kinds: ['one', 'shop.orders', 'other'] })
    expect(output.records.map(({ topic }) => topic)).toEqual(['one', 'shop.orders', 'other'])
    expect(output.records[0]).toMatchObject({ partition: 0 })
    expect(output).toMatchObject({ failure: undefined, read: 3, changes: 3 })
    const large = await process({ kinds: ['x'.repeat(240)] })
    expect(large).toMatchObject({ read: 0, failure: { code: 'RECORD_TOO_LARGE', details: { topic: 'x'.repeat(240) } } })
  })

  it('does not get among the records of another table, unless that was asked for', async () => {
    const isTopicOfAnother = (topic: string): boolean => topic === 'shop.customers'
    const output = await process({ kinds: ['one', 'shop.customers', 'other'], isTopicOfAnother })
    expect(output).toMatchObject({
      read: 1,
      failure: { code: 'ROUTE_REFUSED', cause: { code: 'TOPIC_COLLISION' } },
    })
    const shared = await process({ kinds: ['shop.customers'], isTopicOfAnother, otherTopics: { mayShare: true } })
    expect(shared).toMatchObject({ read: 1, failure: undefined })
  })

  it('is not to blame where Kafka gives an answer that passes: nothing of the page is delivered or rejected', async () => {
    const error = new KafkaError(3, 'UNKNOWN_TOPIC_OR_PARTITION', 'another broker has not heard of it yet')
    const provide = (): Promise<never> => Promise.reject(error)
    await expect(process({ kinds: ['one'], otherTopics: { provide } })).rejects.toBe(error)
  })

  it('is routed by what is left of masked values', async () => {
    const output = await process({ kinds: ['secret'], masks: ['orders.kind=fixed(hidden)'] })
    expect(output.records.map(({ topic, value }) => `${topic} ${String(value).includes('secret')}`)).toEqual([
      'hidden false',
    ])
  })
})
