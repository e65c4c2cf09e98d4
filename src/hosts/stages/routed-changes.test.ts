import { describe, expect, it } from 'vitest'
import { tableOf } from '../../../test/oracle/arbitrary-items.ts'
import { parseMaskRule } from '../../change/mask-rule.ts'
import { parseRouteRule } from '../../change/route-rule.ts'
import { KafkaError } from '../../kafka/kafka.ts'
import { createDebeziumEnvelope } from '../../envelope/debezium-envelope.ts'
import { firstEntry } from '../../pipeline/table-life.ts'
import type { PinnedTopic, StageInput, StageOutput } from '../../pipeline/stages.ts'
import { createJsonSerializer } from '../../serialize/json-serializer.ts'
import { createChangeMask } from '../../transform/change-mask.ts'
import { createChangeRouter } from '../../transform/change-router.ts'
import { createDeadLetters } from './dead-letters.ts'
import { createRecordStages } from './record-stages.ts'
import type { DeadLetters, OtherTopics } from './stage-parts.ts'

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
  readonly pins?: StageInput['pins']
  readonly deadLetters?: DeadLetters
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
      provide: () => Promise.resolve({ id: 'y', partitions: 1, maxRecordBytes: 850 }),
      ...more.otherTopics,
    },
    ...(more.deadLetters === undefined ? {} : { deadLetters: more.deadLetters }),
  })
  return stages.process(
    {
      table: entry,
      shardId: 'shard-1',
      records: more.kinds.map(wire),
      notBeforeMs: undefined,
      maxRecordBytes: 100_000,
      nowMs: 5,
      ...(more.pins === undefined ? {} : { pins: more.pins }),
      ...(more.isTopicOfAnother === undefined ? {} : { isTopicOfAnother: more.isTopicOfAnother }),
    },
    never,
  )
}

/** Every rejected record would become a dead letter. */
const allLetters = createDeadLetters({
  pipeline: 'shop',
  tolerance: 'all',
  hasContextHeaders: false,
  topic: { name: 'letters', facts: async () => ({ partitions: 1, maxRecordBytes: 100_000 }), learn: () => {} },
})

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

  it('does not go where its topic is not as it was, and tells of its topic where it is', async () => {
    const met: unknown[] = []
    const pinsOf = (known: PinnedTopic | undefined): StageInput['pins'] => ({
      of: (topic) => (topic === 'other' ? known : undefined),
      meet: (topic, now) => void met.push([topic, now]),
    })
    const same = { partitions: 1, topicId: 'y' }
    for (const known of [undefined, same, { ...same, topicId: undefined }]) {
      met.length = 0
      expect(await process({ kinds: ['one', 'other'], pins: pinsOf(known) })).toMatchObject({
        failure: undefined,
        read: 2,
      })
      expect(met).toEqual([
        ['one', same],
        ['other', same],
      ])
    }
    for (const [known, problem] of [
      [{ ...same, partitions: 3 }, /other, which records were sent to, had 3 partitions and has 1 now$/],
      [{ ...same, topicId: 'old' }, /was made anew: it had the id old and has y now/],
    ] as const) {
      met.length = 0
      const output = await process({ kinds: ['one', 'other', 'two'], pins: pinsOf(known), deadLetters: allLetters })
      expect(output.failure).toMatchObject({ code: 'OUTPUT_TOPIC_CHANGED', details: { topic: 'other' } })
      expect(output.failure?.message).toMatch(problem)
      expect(output.records.map(({ topic }) => topic)).toEqual(['one'])
      expect(met.map((one) => (one as readonly unknown[])[0])).not.toContain('other')
    }
  })

  it('is routed by what is left of masked values', async () => {
    const output = await process({ kinds: ['secret'], masks: ['orders.kind=fixed(hidden)'] })
    expect(output.records.map(({ topic, value }) => `${topic} ${String(value).includes('secret')}`)).toEqual([
      'hidden false',
    ])
  })
})
