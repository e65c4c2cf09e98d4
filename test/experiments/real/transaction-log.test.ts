import { describe, expect, it } from 'vitest'
import type { FetchedBatch, FetchedRecord } from '../../../src/kafka/kafka.ts'
import { encodeEntry } from '../../../src/lanes/ledger-codec.ts'
import { createTransactionLog } from './transaction-log.ts'

const orders = { topic: 'shop.orders', partition: 2 }
const ledger = { topic: 'ledger', partition: 0 }

describe('transactions of a raw log', () => {
  it('are put together over partitions, by producer and epoch', () => {
    const log = createTransactionLog('ledger')
    log.add(orders, batch({ epoch: 4, records: [change(10, 'a', '1'), change(11, 'a', '2')] }))
    log.add(orders, marker('commit', 5))
    log.add(ledger, batch({ epoch: 4, records: [at('a', '2')] }))
    log.add(ledger, marker('commit', 5))
    expect(log.transactions()).toEqual([
      {
        name: '7/4 commit',
        outcome: 'commit',
        records: [
          { place: { ...orders, offset: 10 }, position: { shardId: 'a', sequenceNumber: '1' } },
          { place: { ...orders, offset: 11 }, position: { shardId: 'a', sequenceNumber: '2' } },
        ],
        positions: [{ shardId: 'a', sequenceNumber: '2' }],
      },
    ])
  })

  it('end at the next marker of their own producer in their partition', () => {
    const log = createTransactionLog('ledger')
    log.add(orders, batch({ epoch: 1, records: [change(0, 'a', '1')] }))
    log.add(orders, batch({ producerId: 8n, epoch: 1, records: [change(1, 'b', '1')] }))
    log.add({ ...orders, partition: 3 }, marker('abort', 2))
    log.add(orders, marker('abort', 2))
    log.add(orders, batch({ epoch: 3, records: [change(4, 'a', '1')] }))
    log.add(orders, marker('commit', 4))
    expect(log.transactions().map(({ name }) => name)).toEqual(['7/1 abort', '7/3 commit', '8/1 open'])
  })

  it('come apart where they were committed in one place and aborted in another', () => {
    const log = createTransactionLog('ledger')
    log.add(orders, batch({ epoch: 1, records: [change(0, 'a', '1')] }))
    log.add(orders, marker('commit', 2))
    log.add(ledger, batch({ epoch: 1, records: [at('a', '1')] }))
    log.add(ledger, marker('abort', 2))
    const [abort, commit] = log.transactions().toSorted((a, b) => (a.name < b.name ? -1 : 1))
    expect(abort).toMatchObject({ outcome: 'abort', records: [], positions: [{ shardId: 'a' }] })
    expect(commit).toMatchObject({ outcome: 'commit', positions: [] })
  })

  it('are single committed batches where there are no transactions', () => {
    const log = createTransactionLog('ledger')
    const plain = { isTransactional: false, producerId: -1n, epoch: -1 }
    log.add(ledger, batch({ ...plain, records: [at('a', '1')] }))
    log.add(ledger, batch({ ...plain, records: [at('a', '2')] }))
    expect(log.transactions()).toMatchObject([
      { outcome: 'commit', positions: [{ sequenceNumber: '1' }, { sequenceNumber: '2' }] },
    ])
  })

  it('have positions of progress only, and none of the beginning of a shard', () => {
    const log = createTransactionLog('ledger')
    log.add(ledger, batch({ epoch: 1, records: [at('a', undefined), record(1, Buffer.from('begin/x'), null)] }))
    log.add(ledger, marker('commit', 2))
    expect(log.transactions()).toMatchObject([{ positions: [] }])
  })
})

function batch(options: {
  readonly producerId?: bigint
  readonly epoch: number
  readonly isTransactional?: boolean
  readonly records: readonly FetchedRecord[]
}): FetchedBatch {
  const { producerId = 7n, epoch, isTransactional = true, records } = options
  return {
    baseOffset: 0n,
    nextOffset: 1n,
    producerId,
    producerEpoch: epoch,
    isTransactional,
    marker: undefined,
    records,
  }
}

function marker(outcome: 'commit' | 'abort', epoch: number): FetchedBatch {
  return { ...batch({ epoch, records: [] }), marker: outcome }
}

function change(offset: number, shardId: string, sequenceNumber: string): FetchedRecord {
  return {
    ...record(offset, Buffer.from('{}'), Buffer.from('{}')),
    headers: [
      ['tailrace.shard', Buffer.from(shardId)],
      ['tailrace.seq', Buffer.from(sequenceNumber)],
    ],
  }
}

function at(shardId: string, after: string | undefined): FetchedRecord {
  const { key, value } = encodeEntry({
    kind: 'at',
    tableArn: 'arn:table',
    streamArn: 'arn:stream',
    shardId,
    generation: 0,
    status: 'open',
    after,
    createdAtMs: undefined,
    committedAtMs: 1,
    movedTo: undefined,
    children: undefined,
  })
  return record(0, key, value)
}

function record(offset: number, key: Buffer | null, value: Buffer | null): FetchedRecord {
  return { offset: BigInt(offset), timestamp: 0, key, value, headers: [] }
}
