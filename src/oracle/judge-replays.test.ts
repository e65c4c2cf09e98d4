import { describe, expect, it } from 'vitest'
import { noAnomalies } from './anomalies.ts'
import { judgeDelivery } from './judge-delivery.ts'
import type { DeliveredRecord, Delivery, LoggedTransaction, WrittenChange } from './oracle.ts'

/** Six changes of one item in one shard, and what the topic may hold of them. */
const written: readonly WrittenChange[] = [1, 2, 3, 4, 5, 6].map((version) => ({
  table: 'orders',
  key: 'a',
  version,
  operation: version === 1 ? 'INSERT' : 'MODIFY',
  before: undefined,
  after: `image ${version}`,
  amount: 0,
  position: { shardId: 'p', sequenceNumber: `${version}` },
  writtenAtMs: 0,
}))

function recordsOf(path: readonly number[], partition = 0): readonly DeliveredRecord[] {
  return path.flatMap((version, offset) =>
    written.slice(version - 1, version).map((change) => ({ ...change, topic: 'shop.orders', partition, offset })),
  )
}

function committed(sequenceNumber: string): LoggedTransaction {
  return { name: 'positions', outcome: 'commit', records: [], positions: [{ shardId: 'p', sequenceNumber }] }
}

/** Replayed repetitions and bad ones; nothing else may be found. */
function judged(delivered: readonly DeliveredRecord[], transactions?: readonly LoggedTransaction[]): readonly number[] {
  const more = transactions === undefined ? {} : { transactions }
  const delivery: Delivery = { written, delivered, guarantee: 'at_least_once', ...more }
  const { replayed, anomalies } = judgeDelivery(delivery)
  // The order in which writes were answered says nothing.
  expect(judgeDelivery({ ...delivery, written: written.toReversed() })).toMatchObject({ replayed, anomalies })
  expect({ ...anomalies, 'bad-replay': 0 }).toEqual(noAnomalies())
  return [replayed, anomalies['bad-replay']]
}

describe('a replay', () => {
  it.each<[string, readonly number[], number, number]>([
    ['that is none', [1, 2, 3, 4, 5, 6], 0, 0],
    ['that goes on into new records', [1, 2, 3, 2, 3, 4, 5, 6], 2, 0],
    ['of the newest record only', [1, 2, 3, 4, 5, 6, 6], 1, 0],
    ['of everything', [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6], 6, 0],
    ['that is cut short by the next', [1, 2, 3, 4, 2, 3, 2, 3, 4, 5, 6], 5, 0],
    ['of an old record alone', [1, 2, 3, 4, 1, 5, 6], 0, 1],
    ['of an old record alone, at the end', [1, 2, 3, 4, 5, 6, 2], 0, 1],
    ['with a hole', [1, 2, 3, 4, 2, 4, 5, 6], 1, 1],
    ['that begins further back than an earlier one', [1, 2, 3, 4, 4, 3, 4, 5, 6], 1, 2],
    ['that begins further back, and is cut short', [1, 2, 3, 4, 4, 2, 3, 3, 4, 5, 6], 1, 4],
    ['that does not reach the newest record', [1, 2, 3, 4, 2, 3, 5, 6], 0, 2],
  ])('%s', (_name, path, replayed, bad) => {
    expect(judged(recordsOf(path))).toEqual([replayed, bad])
  })

  it('begins right behind a committed position where those are known', () => {
    const commits = [committed('0004'), committed('2')]
    expect(judged(recordsOf([1, 2, 3, 4, 3, 4, 5, 6]), commits)).toEqual([2, 0])
    expect(judged(recordsOf([1, 2, 3, 4, 1, 2, 3, 4, 5, 6]), commits)).toEqual([4, 0])
    expect(judged(recordsOf([1, 2, 3, 4, 5, 4, 5, 6]), commits)).toEqual([0, 2])
    expect(judged(recordsOf([1, 2, 3, 4, 5, 4, 5, 6]), [{ ...committed('3'), outcome: 'abort' }])).toEqual([0, 2])
  })

  it('repeats in each partition what that partition has', () => {
    const other = written.map((change) => ({
      ...change,
      key: 'b',
      position: { shardId: 'p', sequenceNumber: `${change.version + 10}` },
    }))
    const everything = [...written, ...other]
    const logOf = (path: readonly number[], partition: number): readonly DeliveredRecord[] =>
      path.flatMap((at, offset) =>
        everything.slice(at, at + 1).map((change) => ({ ...change, topic: 't', partition, offset })),
      )
    const delivered = [...logOf([0, 1, 2, 3, 4, 5, 4, 5], 0), ...logOf([6, 7, 6, 7, 8, 9, 10, 11], 1)]
    const findings = judgeDelivery({ written: everything, delivered, guarantee: 'at_least_once' })
    expect(findings).toMatchObject({ replayed: 4, anomalies: noAnomalies() })
  })

  it('is none in another partition', () => {
    const delivered = [...recordsOf([1, 2, 3, 4, 5, 6]), ...recordsOf([6], 1)]
    const { replayed, anomalies } = judgeDelivery({ written, delivered, guarantee: 'at_least_once' })
    expect([replayed, anomalies]).toEqual([0, { ...noAnomalies(), 'bad-replay': 1, 'partition-move': 1 }])
  })
})
