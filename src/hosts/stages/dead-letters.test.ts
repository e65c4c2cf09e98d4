import { describe, expect, it } from 'vitest'
import { tableOf } from '../../../test/oracle/arbitrary-items.ts'
import type { Clock } from '../../async/clock.ts'
import { createDebeziumEnvelope } from '../../envelope/debezium-envelope.ts'
import { TailraceError } from '../../errors.ts'
import type { ErrorCode } from '../../error-catalogue.ts'
import type { TableEntry } from '../../lanes/ledger-entry.ts'
import { createRowMemory } from '../../pipeline/snapshot/contained-changes.ts'
import { firstEntry } from '../../pipeline/table-life.ts'
import { convertWithin, createTopicLimits } from '../../pipeline/topic-limits.ts'
import type { RowOutput, StageOutput } from '../../pipeline/stages.ts'
import type { KafkaApi } from '../../kafka/kafka.ts'
import { createJsonSerializer } from '../../serialize/json-serializer.ts'
import type { ChangeTransform } from '../../transform/change-transform.ts'
import { createDeadLetterTopic } from './dead-letter-topic.ts'
import type { DeadLetterTopic, DeadLetterTopicOptions } from './dead-letter-topic.ts'
import { createDeadLetters } from './dead-letters.ts'
import type { DeadLettersOptions } from './dead-letters.ts'
import { createRecordStages } from './record-stages.ts'
import type { RecordStagesOptions } from './stage-parts.ts'

const never = new AbortController().signal
const described = tableOf('NEW_AND_OLD_IMAGES')
const table = firstEntry(described, { topic: 'shop.orders', partitions: 3, id: 'x' }, undefined)
const name = 'letters'
const nowMs = 1_795_426_138_000

const wireOf = (sequence: number, image: object = { note: { S: 'secret' } }): unknown => {
  const keys = { pk: { S: `p${sequence}` }, sk: { N: '1' } }
  return {
    eventID: `e${sequence}`,
    eventName: 'INSERT',
    dynamodb: {
      ApproximateCreationDateTime: 1_795_426_137,
      Keys: keys,
      NewImage: { ...keys, ...image },
      SequenceNumber: String(sequence),
      SizeBytes: 10,
      StreamViewType: 'NEW_AND_OLD_IMAGES',
    },
  }
}
const poison = (sequence: number): unknown => wireOf(sequence, { odd: { NOVEL: 'secret' } })

/** A topic that is there with two partitions; what is asked of it may be made to fail. */
function topicWith(
  more: Partial<DeadLetterTopicOptions> & { readonly config?: Readonly<Record<string, string>> } = {},
): DeadLetterTopic {
  const { config = {}, ...rest } = more
  return createDeadLetterTopic({
    name,
    kafka: { topicConfig: async () => new Map(Object.entries(config)) },
    provide: async () => ({ topic: name, partitions: 2, id: 'y' }),
    limits: { maxRecordBytes: async () => 100_000 },
    clock: clockAt(() => 0),
    ...rest,
  })
}
const clockAt = (monotonic: () => number): Clock => ({ monotonic, now: () => nowMs }) as unknown as Clock
const fails = (code: ErrorCode): (() => Promise<never>) => {
  return () => Promise.reject(new TailraceError(code, `it says ${code}`))
}

const stagesWith = (
  letters: Partial<DeadLettersOptions> = {},
  more: Partial<RecordStagesOptions> = {},
): ReturnType<typeof createRecordStages> =>
  createRecordStages({
    envelopeFor: (one) =>
      createDebeziumEnvelope({ table: one, name: 'shop', connectorVersion: '0.0.0', tombstonesOnDelete: true }),
    serializer: createJsonSerializer({ numbers: 'exact', schemasEnable: false }),
    name: 'shop',
    deadLetters: createDeadLetters({
      pipeline: 'shop',
      tolerance: 'all',
      hasContextHeaders: true,
      topic: topicWith(),
      ...letters,
    }),
    ...more,
  })
const deliver = (
  stages: ReturnType<typeof createRecordStages>,
  records: readonly unknown[],
  maxRecordBytes = 100_000,
): Promise<StageOutput> =>
  stages.process({ table, shardId: 's', records, notBeforeMs: undefined, maxRecordBytes, nowMs }, never)
const scan = (
  stages: ReturnType<typeof createRecordStages>,
  items: readonly unknown[],
  entry: TableEntry = table,
  withImages = false,
): Promise<RowOutput> =>
  stages.processRows(
    {
      table: entry,
      items,
      form: 'items',
      kind: 'initial',
      isFirst: false,
      isLast: false,
      readAtMs: nowMs,
      maxRecordBytes: 100_000,
      nowMs,
      isDisplaced: () => false,
      withImages,
    },
    never,
  )
const placesOf = ({ records }: Pick<StageOutput, 'records'>): readonly string[] =>
  records.map(({ topic, headers }) => {
    const sequence = headers.find(([header]) => header.toString() === 'tailrace.seq')?.[1]
    return `${topic} ${sequence === undefined ? 'row' : String(sequence)}`
  })

describe('a record that cannot pass', () => {
  it('becomes a letter in its place, and what is around it goes on', async () => {
    const output = await deliver(stagesWith(), [wireOf(1), poison(2), wireOf(3), poison(4)])
    expect(placesOf(output)).toEqual(['shop.orders 1', 'letters 2', 'shop.orders 3', 'letters 4'])
    expect(output).toMatchObject({
      changes: 2,
      read: 4,
      last: { sequenceNumber: '4' },
      failure: undefined,
      left: { dropped: 0, rejected: [{ code: 'RECORD_UNREADABLE', stage: 'VALUE_CONVERTER', count: 2 }] },
    })
    expect(JSON.parse(String(output.records[1]?.value))).toEqual(poison(2))
    expect(output.bytes).toBeGreaterThan((output.records[1]?.value?.length ?? 0) * 2)
  })

  it('stops its table where that is not wanted, unless its error asks for a letter', async () => {
    const stopped = await deliver(stagesWith({ tolerance: 'none' }), [wireOf(1), poison(2), wireOf(3)])
    expect(placesOf(stopped)).toEqual(['shop.orders 1'])
    expect(stopped).toMatchObject({ read: 1, failure: { code: 'RECORD_UNREADABLE' } })
    const changeTransforms = [failing('p2', true), failing('p3', false)]
    const mixed = await deliver(
      stagesWith({ tolerance: 'none' }, { changeTransforms }),
      [1, 2, 3, 4].map((n) => wireOf(n)),
    )
    expect(placesOf(mixed)).toEqual(['shop.orders 1', 'letters 2'])
    expect(mixed).toMatchObject({ read: 2, failure: { code: 'RECORD_UNREADABLE' } })
  })

  it('stops its table even so where its position cannot be read, since progress behind it could not be told', async () => {
    expect(await deliver(stagesWith(), [wireOf(1), 42, wireOf(3)])).toMatchObject({
      read: 1,
      failure: { code: 'RECORD_UNREADABLE' },
    })
  })

  it('has its attempts counted, position by position', async () => {
    const stages = stagesWith()
    const attemptsOf = async (...sequences: readonly number[]): Promise<readonly string[]> => {
      const { records } = await deliver(stages, sequences.map(poison))
      return records.map(({ headers }) =>
        String(headers.find(([header]) => String(header) === 'tailrace.attempt')?.[1]),
      )
    }
    expect(await attemptsOf(1, 2)).toEqual(['1', '1'])
    expect(await attemptsOf(2, 3)).toEqual(['2', '1'])
    expect(await attemptsOf(2)).toEqual(['3'])
  })

  it('is too large only if the topic still says so', async () => {
    let limit = 1_000
    const topicConfig: KafkaApi['topicConfig'] = async () => new Map([['max.message.bytes', String(limit)]])
    const limits = createTopicLimits({ topicConfig } as KafkaApi)
    const stages = stagesWith()
    const large = wireOf(1, { note: { S: 'x'.repeat(2_000) } })
    const send = (): Promise<StageOutput> =>
      convertWithin(limits, table.topic, (maxRecordBytes) => deliver(stages, [large], maxRecordBytes), never)
    const output = await send()
    expect(placesOf(output)).toEqual(['letters 1'])
    expect(output.left.rejected).toMatchObject([{ code: 'RECORD_TOO_LARGE', stage: 'OVERSIZE' }])
    limit = 10_000
    expect(placesOf(await send())).toEqual(['shop.orders 1'])
  })
})

describe('a change that cannot be decoded behind rows that may contain it', () => {
  it('ends their say over what follows: it may have been the one that the row does not contain', async () => {
    const memory = createRowMemory(10)
    const key = { pk: { S: 'a' }, sk: { N: '1' } }
    const stateOf = (state: number): object => ({ ...key, state: { N: String(state) } })
    const changeOf = (sequence: number, eventName: string): object => {
      const images = { OldImage: stateOf(sequence - 1), NewImage: stateOf(sequence) }
      const change = wireOf(sequence) as { readonly dynamodb: object }
      return { ...change, eventName, dynamodb: { ...change.dynamodb, Keys: key, ...images } }
    }
    const stages = stagesWith()
    const read = async (...records: readonly object[]): Promise<StageOutput> => {
      const rowInFront = (item: string): ReturnType<typeof memory.rowOf> => memory.rowOf(item)
      const input = { table, shardId: 's', notBeforeMs: undefined, rowInFront, maxRecordBytes: 100_000, nowMs }
      const output = await stages.process({ ...input, records }, never)
      memory.forget(output.caughtUp)
      return output
    }
    // The row was read behind change 3.
    const { images } = await scan(stages, [stateOf(3)], { ...table }, true)
    memory.remember(images, nowMs)
    expect(placesOf(await read(changeOf(2, 'MODIFY'), changeOf(3, 'TRUNCATE'), changeOf(4, 'TRUNCATE')))).toEqual([
      'letters 3',
      'letters 4',
    ])
    expect(placesOf(await read(changeOf(5, 'MODIFY')))).toEqual(['shop.orders 5'])
    memory.remember(images, nowMs)
    expect(placesOf(await read(changeOf(4, 'TRUNCATE'), changeOf(5, 'MODIFY')))).toEqual(['letters 4', 'shop.orders 5'])
  })
})

describe('a row that cannot pass', () => {
  const items = [{ pk: { S: 'a' }, sk: { N: '1' } }, { odd: { S: 'x' } }, { pk: { S: 'c' }, sk: { N: '1' } }]

  it('becomes a letter, too', async () => {
    const output = await scan(stagesWith(), items)
    expect(placesOf(output)).toEqual(['shop.orders row', 'letters row', 'shop.orders row'])
    expect(output).toMatchObject({ rows: 2, failure: undefined })
  })

  it('stops a snapshot that makes up for losses: an item without a record would be deleted in the end', async () => {
    const snapshot = {
      run: 1,
      kind: 'initial',
      segments: 1,
      filter: undefined,
      regains: true,
      state: 'running',
      reason: undefined,
      code: undefined,
      beganAtMs: 0,
      endedAtMs: undefined,
      expectedItems: 0,
      totals: { items: 0, rows: 0, units: 0 },
    } as const
    const output = await scan(stagesWith(), items, { ...table, snapshot })
    expect(output.failure?.code).toBe('RECORD_UNREADABLE')
  })
})

describe('a dead-letter topic that cannot be written', () => {
  const refusedBy = async (topic: DeadLetterTopic): Promise<TailraceError | undefined> =>
    (await deliver(stagesWith({ topic }), [wireOf(1), poison(2), wireOf(3)])).failure

  it.each<[string, Parameters<typeof topicWith>[0], RegExp]>([
    ['missing', { provide: fails('TOPIC_MISSING') }, /it says TOPIC_MISSING/],
    ['reserved', { provide: fails('TOPIC_RESERVED') }, /it says TOPIC_RESERVED/],
    ['not to be made', { provide: fails('KAFKA_AUTHORIZATION') }, /it says KAFKA_AUTHORIZATION/],
    ['compacted', { config: { 'cleanup.policy': 'compact,delete' } }, /compacted/],
    ['too small', { limits: { maxRecordBytes: async () => 600 } }, /beyond 600 bytes/],
    ['the topic of the table', { name: 'shop.orders' }, /is the topic of table orders/],
  ])('because it is %s stops the table, and says what is wrong with the record, too', async (_, more, message) => {
    const failure = await refusedBy(topicWith(more))
    expect(failure?.code).toBe('DEAD_LETTER_UNWRITABLE')
    expect(failure?.message).toMatch(message)
    expect(failure?.message).toContain('[RECORD_UNREADABLE]')
    expect(failure?.message).not.toContain('secret')
  })

  it('is waited for where that may pass', async () => {
    await expect(refusedBy(topicWith({ provide: fails('KAFKA_UNREACHABLE') }))).rejects.toMatchObject({
      code: 'KAFKA_UNREACHABLE',
    })
  })

  it('because a write was refused: it is believed for a while, and then tried again', async () => {
    let at = 0
    const topic = topicWith({ clock: clockAt(() => at) })
    const refusal = new TailraceError('KAFKA_AUTHORIZATION', 'not allowed', { details: { topic: name } })
    const other = new TailraceError('KAFKA_AUTHORIZATION', 'not allowed', { details: { topic: 'shop.orders' } })
    topic.learn(other)
    expect(await refusedBy(topic)).toBeUndefined()
    topic.learn(new TailraceError('TRANSACTION_IN_DOUBT', 'a lane failed', { cause: refusal }))
    expect(await refusedBy(topic)).toMatchObject({ code: 'DEAD_LETTER_UNWRITABLE' })
    at = 29_000
    expect(await refusedBy(topic)).toMatchObject({ code: 'DEAD_LETTER_UNWRITABLE' })
    at = 31_000
    expect(await refusedBy(topic)).toBeUndefined()
  })

  it('is asked for anew after every doubt: it may have been deleted, or made with other partitions', async () => {
    let asked = 0
    const topic = topicWith({
      provide: async () => {
        asked++
        return { topic: name, partitions: 2, id: 'y' }
      },
    })
    await refusedBy(topic)
    await refusedBy(topic)
    expect(asked).toBe(1)
    topic.learn(new TailraceError('TRANSACTION_IN_DOUBT', 'a lane failed'))
    await refusedBy(topic)
    expect(asked).toBe(2)
  })
})

/** Fails changes of one item; with or without the wish for a dead letter. */
function failing(pk: string, deadLetter: boolean): ChangeTransform {
  const error = new TailraceError('RECORD_UNREADABLE', 'not wanted', deadLetter ? { details: { deadLetter } } : {})
  return {
    apply: async (changes) =>
      changes.map((change) => {
        const { pk: key } = change.event.keys
        const isMeant = key !== undefined && 'S' in key && key.S === pk
        return isMeant ? { kind: 'failed', error } : { kind: 'passed', changes: [change] }
      }),
  }
}
