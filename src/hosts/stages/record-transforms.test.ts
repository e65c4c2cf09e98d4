import { describe, expect, it } from 'vitest'
import { tableOf } from '../../../test/oracle/arbitrary-items.ts'
import { chainOf } from '../../../test/transforms/chain-of.ts'
import type { Properties } from '../../../test/transforms/chain-of.ts'
import { createDebeziumEnvelope } from '../../envelope/debezium-envelope.ts'
import type { RowOutput, StageOutput, Stages } from '../../pipeline/stages.ts'
import { firstEntry } from '../../pipeline/table-life.ts'
import { createJsonSerializer } from '../../serialize/json-serializer.ts'
import { createRecordStages } from './record-stages.ts'

const table = tableOf('NEW_AND_OLD_IMAGES')
const entry = firstEntry(table, { topic: 'shop.orders', partitions: 3, id: 'x' }, undefined)
const signal = new AbortController().signal
const unwrap = { type: 'ExtractNewRecordState' }

function stagesWith(...transforms: readonly Properties[]): Stages {
  return createRecordStages({
    envelopeFor: (of) =>
      createDebeziumEnvelope({ table: of, name: 'shop', connectorVersion: '0.0.0', tombstonesOnDelete: true }),
    serializer: createJsonSerializer({ numbers: 'exact', schemasEnable: false }),
    name: 'shop',
    recordTransforms: [chainOf(transforms)],
  })
}

const keys = { pk: { S: 'a' }, sk: { N: '1' } }

function wire(eventName: string, images: object, number: string): unknown {
  const dynamodb = {
    Keys: keys,
    SequenceNumber: number,
    ApproximateCreationDateTime: 1_795_426_137,
    SizeBytes: 1,
    ...images,
  }
  return { eventID: `e${number}`, eventName, dynamodb: { StreamViewType: table.viewType, ...dynamodb } }
}

const inserted = wire('INSERT', { NewImage: { ...keys, total: { N: '1.50' } } }, '100')
const removed = wire('REMOVE', { OldImage: { ...keys, total: { N: '1.50' } } }, '101')

function process(stages: Stages, records: readonly unknown[]): Promise<StageOutput> {
  return stages.process(
    {
      table: entry,
      shardId: 'shardId-1',
      records,
      maxRecordBytes: 100_000,
      notBeforeMs: undefined,
      nowMs: 1_795_426_138_000,
    },
    signal,
  )
}

function vanish(stages: Stages, key: string): Promise<RowOutput> {
  return stages.processVanished(
    {
      table: entry,
      keys: [Buffer.from(key)],
      kind: 'initial',
      readAtMs: 1_795_426_137_123,
      maxRecordBytes: 100_000,
      nowMs: 1_795_426_138_000,
      isDisplaced: () => false,
    },
    signal,
  )
}

const written = ({ records }: StageOutput): readonly string[] =>
  records.map(({ key, value, headers }) => {
    const op = headers.find(([name]) => name.toString() === 'tailrace.op')?.[1].toString()
    return `${String(key)} ${value === null ? 'null' : value.toString()} ${op ?? ''}`
  })

describe('record transforms in the way of records', () => {
  it('make other records, which still say in a header what has become of their item', async () => {
    const output = await process(stagesWith(unwrap), [inserted, removed])
    expect(written(output)).toEqual(['{"pk":"a","sk":1} {"pk":"a","sk":1,"total":1.50} c', '{"pk":"a","sk":1} null d'])
    expect(output).toMatchObject({ read: 2, changes: 2, failure: undefined })
  })

  it('may leave nothing of a change, whose position is passed all the same', async () => {
    const drop = { ...unwrap, 'delete.tombstone.handling.mode': 'drop' }
    const output = await process(stagesWith(drop), [removed])
    expect(output).toMatchObject({
      records: [],
      read: 1,
      changes: 0,
      last: { sequenceNumber: '101' },
      left: { dropped: 1 },
    })
  })

  it('stop the table at what they cannot deal with, by name and position, in front of it', async () => {
    const cast = { type: 'Cast$Value', spec: 'total:int8,pk:int8' }
    const output = await process(stagesWith(unwrap, cast), [removed, inserted])
    expect(output).toMatchObject({ read: 1, last: { sequenceNumber: '101' }, failure: { code: 'TRANSFORM_FAILED' } })
    expect(output.failure?.message).toBe(
      'A change of table orders cannot be written: transforms.t1: field "pk" does not fit into int8 (shard shardId-1, sequence number 100)',
    )
    expect(output.failure?.details).toEqual({
      transform: 't1',
      table: 'orders',
      shard: 'shardId-1',
      sequenceNumber: '100',
    })
  })

  it('fail with TOPIC_MISSING where nobody provides the topic', async () => {
    const routing = stagesWith({ type: 'RegexRouter', regex: '.*', replacement: 'other' })
    await expect(process(routing, [inserted])).rejects.toMatchObject({ code: 'TOPIC_MISSING' })
  })

  it('decide what is written for items that a snapshot finds gone', async () => {
    const key = '{"pk":"a","sk":1}'
    expect((await vanish(stagesWith(unwrap), key)).records).toMatchObject([{ value: null }])
    const drop = { ...unwrap, 'delete.tombstone.handling.mode': 'drop' }
    expect(await vanish(stagesWith(drop), key)).toMatchObject({ rows: 1, records: [], failure: undefined })
    const rename = { type: 'ReplaceField$Key', renames: 'pk:id' }
    expect(await vanish(stagesWith(rename), key)).toMatchObject({ rows: 0, failure: { code: 'SNAPSHOT_KEYS' } })
  })
})
