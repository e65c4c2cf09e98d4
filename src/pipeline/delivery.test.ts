import { describe, expect, it } from 'vitest'
import type { Table } from '../change/table.ts'
import { TailraceError } from '../errors.ts'
import { createLaneFold } from '../lanes/lane-state.ts'
import type { LaneState } from '../lanes/lane-state.ts'
import { createManualClock } from '../testing/manual-clock.ts'
import { prepareDelivery } from './delivery.ts'
import type { Delivery } from './delivery.ts'
import { firstEntry } from './table-life.ts'
import { createLaneTopics } from './topic-pins.ts'

const table: Table = {
  arn: 'arn',
  name: 'orders',
  id: 'id',
  region: 'r',
  account: 'a',
  streamArn: 's',
  viewType: 'NEW_AND_OLD_IMAGES',
  keySchema: [],
}

const stateWith = (shardId: string): LaneState => {
  const fold = createLaneFold()
  const shard = { tableArn: 'arn', streamArn: 's', shardId, generation: 0 }
  const start = { parent: undefined, parents: [], after: undefined, notBeforeMs: undefined, sinceMs: undefined }
  fold.apply({ kind: 'entry', entry: firstEntry(table, { topic: 'orders', partitions: 1, id: 'x' }, undefined) })
  fold.apply({ kind: 'entry', entry: { kind: 'begin', ...shard, ...start } })
  return fold.state
}

const deliverAfter = (error: TailraceError): Promise<Delivery> => {
  const unused = (): never => {
    throw new Error('nothing is converted')
  }
  return prepareDelivery({ pages: [], ends: [], failures: [{ key: 's/a', error }] }, stateWith('a'), {
    context: { lane: 0, lanes: 1, nowMs: 0 },
    environment: {
      clock: createManualClock(),
      stages: { process: unused, processRows: unused, processVanished: unused, presenceOf: unused },
      topicLimits: {
        maxRecordBytes: unused,
        maxRecordBytesNow: unused,
        refused: unused,
        known: unused,
        lookAgain: unused,
      },
    },
    signal: new AbortController().signal,
    onRecords: unused,
    isBaselined: unused,
    rowsInFront: unused,
    topics: createLaneTopics(createLaneFold().state, { lane: 0, lanes: 1 }),
  })
}

describe('a shard that cannot be read', () => {
  it('stops its table, by name', async () => {
    const { entries, halts } = await deliverAfter(new TailraceError('SHARD_NOT_FOUND', 'gone'))
    expect(entries).toMatchObject([{ lane: 0, entry: { kind: 'stop', shardId: 'a', code: 'SHARD_NOT_FOUND' } }])
    expect(halts).toEqual([{ tableArn: 'arn', version: 1 }])
  })

  it('stops nothing but this worker, if it is this process that lacks something', async () => {
    const error = new TailraceError('OUT_OF_FILE_HANDLES', 'GetRecords: EMFILE')
    await expect(deliverAfter(error)).rejects.toBe(error)
  })
})
