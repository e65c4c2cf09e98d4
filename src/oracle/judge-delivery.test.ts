import { describe, expect, it } from 'vitest'
import { log, positionOf, present, recordOf, row, write, written } from '../../test/oracle/small-delivery.ts'
import { anomalyNames, noAnomalies } from './anomalies.ts'
import { judgeDelivery } from './judge-delivery.ts'
import type { DeliveredRecord, Delivery, LoggedTransaction, WrittenChange } from './oracle.ts'

const [a1, b1, a2, a3, b2, a4] = written.map((change) => recordOf(change))
const inA = [a1, a2, a3, a4].map((record) => present(record))
const inB = [b1, b2].map((record) => present(record))
const parents = new Map([
  ['p', undefined],
  ['c', 'p'],
])
const good: Delivery = { written, delivered: log(inA, inB), guarantee: 'exactly_once', parents }

/** The names that were found; each of them must have an example. */
function named(delivery: Delivery): readonly string[] {
  const { anomalies, examples } = judgeDelivery(delivery)
  for (const name of anomalyNames)
    expect(examples.filter((line) => line.startsWith(`${name}: `))).toHaveLength(Math.min(5, anomalies[name]))
  return anomalyNames.filter((name) => anomalies[name] > 0)
}

function transaction(
  records: readonly string[],
  positions: readonly string[],
  outcome: LoggedTransaction['outcome'] = 'commit',
): LoggedTransaction {
  return {
    name: 'producer 7 epoch 0',
    outcome,
    records: records.map((text, offset) => ({
      place: { topic: 'shop.orders', partition: 0, offset: offset * 2 },
      position: positionOf(text),
    })),
    positions: positions.map(positionOf),
  }
}

const isOf =
  (key: string, version: number) =>
  (change: WrittenChange): boolean =>
    change.key === key && change.version === version

describe('a delivery without fault', () => {
  it('has no anomaly', () => {
    expect(judgeDelivery(good)).toEqual({
      written: 6,
      delivered: 6,
      anomalies: noAnomalies(),
      replayed: 0,
      examples: [],
    })
  })
  it('has none by position alone, leading zeros or not', () => {
    const delivered = good.delivered.map((record) => ({
      ...record,
      version: undefined,
      position: { shardId: record.position?.shardId ?? '', sequenceNumber: `000${record.position?.sequenceNumber}` },
    }))
    expect(named({ ...good, delivered })).toEqual([])
  })
  it('has none by version alone', () => {
    const delivered = good.delivered.map((record) => ({ ...record, position: undefined }))
    expect(named({ ...good, delivered })).toEqual([])
    expect(named({ ...good, written: written.map((change) => ({ ...change, position: undefined })) })).toEqual([])
  })
  it('has none whatever order the partitions are read in, and the writes were answered in', () => {
    expect(named({ ...good, delivered: [...log([], inB), ...log(inA)] })).toEqual([])
    expect(named({ ...good, written: written.toReversed() })).toEqual([])
  })
  it('has none at least once, where a parent may repeat itself behind its child', () => {
    const delivered = log([A1, B1, A2, A3, B2, A4, A2])
    expect(judgeDelivery({ ...good, delivered, ...replay })).toMatchObject({ replayed: 1, anomalies: noAnomalies() })
    const byPosition = delivered.map((record) => ({ ...record, version: undefined }))
    expect(named({ ...good, delivered: byPosition, ...replay })).toEqual([])
  })
  it('has none where rows come before the changes that they show', () => {
    const delivered = log([row(written[0]), A1, row(written[2]), A2, A3, A4], inB)
    expect(named({ ...good, delivered })).toEqual([])
    expect(named({ ...good, delivered, ...replay })).toEqual([])
  })
  it('has none where histories begin later than at one', () => {
    const late = [write('a', 1, 'INSERT', 'p@10'), write('b', 2, 'MODIFY', 'p@11')]
    expect(
      named({ ...good, written: late, delivered: log(late.toReversed().map((change) => recordOf(change))) }),
    ).toEqual([])
  })
  it('compares no digest that one side does not have', () => {
    const delivered = good.delivered.map((record) => ({ ...record, before: undefined }))
    expect(named({ ...good, delivered })).toEqual([])
  })
})

/** What is found, by the faulty delivery; and the same thing in a form that is no fault. */
interface Sample {
  readonly fault: Partial<Delivery>
  readonly found: readonly string[]
  readonly nearMiss: Partial<Delivery>
}

const [A1, A2, A3, A4] = inA.map((record) => present(record)) as [
  DeliveredRecord,
  DeliveredRecord,
  DeliveredRecord,
  DeliveredRecord,
]
const [B1, B2] = inB.map((record) => present(record)) as [DeliveredRecord, DeliveredRecord]
const replay = { guarantee: 'at_least_once' } as const
const held = new Map([
  ['a', 'a4'],
  ['b', 'b2'],
])
const sparse = [write('a', 1, 'INSERT', 'p@10'), write('a', 3, 'MODIFY', 'p@12')]
const [sparse1, sparse3] = sparse.map((change) => recordOf(change)) as [DeliveredRecord, DeliveredRecord]

const samples: Readonly<Record<string, Sample>> = {
  lost: {
    fault: { delivered: log([A1, A2, A3], inB) },
    // What is missing is missing in the second count as well.
    found: ['lost', 'miscount'],
    nearMiss: { delivered: log([A1, A2, A3], inB), named: isOf('a', 4) },
  },
  duplicate: {
    fault: { delivered: log([A1, A2, A3, A4, A4], inB) },
    found: ['duplicate', 'miscount'],
    nearMiss: { delivered: log([A1, A2, A3, A4, row(written[5])], inB) },
  },
  'duplicate at least once': {
    fault: {
      ...replay,
      written: sparse.map((change) => ({ ...change, position: undefined })),
      delivered: log([sparse1, sparse3, sparse3]),
    },
    found: ['duplicate'],
    nearMiss: { ...replay, written: sparse, delivered: log([sparse1, sparse3, sparse3]) },
  },
  'bad-replay': {
    fault: { ...replay, delivered: log([A1, A2, A3, A4, A3], inB) },
    found: ['bad-replay'],
    nearMiss: { ...replay, delivered: log([A1, A2, A3, A4, A3, A4], inB) },
  },
  reorder: {
    // Only where the version in between was not recorded is there nothing that the later one skips.
    fault: { written: sparse, delivered: log([sparse3, sparse1]) },
    found: ['reorder', 'miscount'],
    nearMiss: { written: sparse, delivered: log([sparse1, sparse3]) },
  },
  skip: {
    fault: { delivered: log([A1, A3, A4], inB) },
    found: ['lost', 'skip', 'miscount'],
    nearMiss: { delivered: log([A1, A3, A4], inB), named: isOf('a', 2) },
  },
  'phantom that nobody wrote': {
    fault: { delivered: log([A1, A2, A3, A4, { ...A4, version: 9, operation: 'MODIFY', position: undefined }], inB) },
    found: ['phantom', 'miscount'],
    nearMiss: {},
  },
  'phantom with another image': {
    fault: { delivered: log([A1, { ...A2, after: 'x' }, A3, A4], inB) },
    found: ['lost', 'phantom'],
    nearMiss: { delivered: log([A1, { ...A2, after: undefined }, A3, A4], inB) },
  },
  'phantom with the position of another change': {
    fault: { delivered: log([A1, { ...A2, position: positionOf('p@11') }, A3, A4], inB) },
    found: ['lost', 'skip', 'phantom'],
    nearMiss: { delivered: log([A1, { ...A2, position: positionOf('p@0012') }, A3, A4], inB) },
  },
  'phantom in another shard': {
    fault: { delivered: log([A1, { ...A2, position: positionOf('c@12') }, A3, A4], inB) },
    found: ['lost', 'skip', 'phantom'],
    nearMiss: { delivered: log([A1, { ...A2, position: undefined }, A3, A4], inB) },
  },
  'phantom with the position of another item': {
    fault: { delivered: log([A1, A2, A3, { ...A4, version: undefined, key: 'b' }], inB) },
    found: ['lost', 'phantom', 'miscount'],
    nearMiss: { delivered: log([A1, A2, A3, { ...A4, version: undefined }], inB) },
  },
  'phantom by its operation': {
    fault: { delivered: log([A1, A2, A3, { ...A4, operation: 'MODIFY' }], inB) },
    found: ['lost', 'phantom', 'miscount'],
    nearMiss: { delivered: log([A1, A2, A3, { ...A4, operation: 'UNKNOWN' }], inB) },
  },
  'phantom row of a deleted item': {
    fault: { delivered: log([A1, A2, A3, row(written[3]), A4], inB) },
    found: ['phantom'],
    nearMiss: { delivered: log([A1, A2, row(written[2]), A3, A4], inB) },
  },
  'aborted-read': {
    fault: { transactions: [transaction(['p@10'], ['p@10'], 'abort')] },
    found: ['aborted-read'],
    nearMiss: {
      transactions: [
        {
          ...transaction(['p@10'], ['p@10'], 'abort'),
          records: [{ place: { topic: 'shop.orders', partition: 0, offset: 1 }, position: positionOf('p@10') }],
        },
      ],
    },
  },
  'torn: records without a position': {
    fault: { transactions: [transaction(['p@10', 'p@12'], [])] },
    found: ['torn'],
    nearMiss: { transactions: [transaction(['p@10', 'p@12'], ['p@12'])] },
  },
  'torn: an older position than the newest record': {
    fault: { transactions: [transaction(['p@10', 'p@12'], ['p@10'])] },
    found: ['torn'],
    nearMiss: { transactions: [transaction(['p@10', 'p@9'], ['p@0010'])] },
  },
  'torn: a newer position than the newest record': {
    fault: { transactions: [transaction(['p@10'], ['p@11'])] },
    found: ['torn'],
    nearMiss: {
      delivered: log(inA, []),
      transactions: [transaction(['p@10'], ['p@11'])],
      named: ({ key }) => key === 'b',
    },
  },
  'torn: a position behind a change that is not of before the stream': {
    fault: { transactions: [transaction(['p@10'], ['p@11'])], stored: () => false },
    found: ['torn'],
    nearMiss: {
      delivered: log(inA, [row(written[1]), B2]),
      transactions: [transaction(['p@10'], ['p@11'])],
      stored: isOf('b', 1),
    },
  },
  'torn: a position that no change has': {
    fault: { transactions: [transaction(['p@10'], ['p@999'])], named: ({ position }) => position?.shardId === 'p' },
    found: ['torn'],
    nearMiss: { transactions: [transaction(['p@10'], ['p@12'])], named: ({ position }) => position?.shardId === 'p' },
  },
  'torn: a position without any record so far': {
    fault: { transactions: [transaction(['p@10'], ['p@10']), transaction([], ['p@12'])] },
    found: ['torn'],
    nearMiss: { transactions: [transaction(['p@10'], ['p@10']), transaction([], ['p@10', 'p@9'])] },
  },
  'partition-move': {
    fault: { delivered: log([A1, A2, A4], [...inB, A3]) },
    found: ['partition-move'],
    nearMiss: { delivered: log([], inA, [], inB) },
  },
  'stale-snapshot': {
    fault: { delivered: log([A1, A2, row(written[0]), A3, A4], inB) },
    found: ['stale-snapshot'],
    nearMiss: { delivered: log([A1, row(written[0]), A2, row(written[2]), A3, A4], inB) },
  },
  'resurrect by a row': {
    fault: { delivered: log([A1, A2, A3, row(written[2]), A4], inB) },
    found: ['resurrect'],
    nearMiss: { delivered: log([A1, A2, A3, A4, row(written[5])], inB) },
  },
  'resurrect by an update': {
    fault: { delivered: log([A1, A3, A2, A4], inB), parents: new Map() },
    found: ['reorder', 'skip', 'resurrect'],
    nearMiss: { delivered: log([A1, A2, A3, A4], inB) },
  },
  diverged: {
    fault: { tables: new Map([['orders', new Map([...held, ['a', 'a2']])]]) },
    found: ['diverged'],
    nearMiss: { tables: new Map([['orders', held]]) },
  },
  'diverged: an item that is gone': {
    fault: { tables: new Map([['orders', new Map([['b', 'b2']])]]) },
    found: ['diverged'],
    nearMiss: { tables: new Map([['others', new Map()]]) },
  },
  'diverged: an item without any record': {
    fault: { tables: new Map([['orders', new Map([...held, ['z', 'z1']])]]) },
    found: ['diverged'],
    nearMiss: { delivered: log([A1, A2, A3], inB), named: isOf('a', 4), tables: new Map([['orders', held]]) },
  },
  'diverged: a named change that was delivered after all': {
    fault: { named: isOf('a', 4), tables: new Map([['orders', new Map([...held, ['a', 'a2']])]]) },
    found: ['diverged'],
    nearMiss: { delivered: log([A1, A2, A3], inB), named: isOf('a', 4), tables: new Map([['orders', held]]) },
  },
  'diverged: an item that is not there at all': {
    fault: { delivered: log(inA, []), named: isOf('b', 1), tables: new Map([['orders', held]]) },
    found: ['lost', 'miscount', 'diverged'],
    nearMiss: { delivered: log(inA, []), named: ({ key }) => key === 'b', tables: new Map([['orders', held]]) },
  },
  'silent-gap': {
    fault: { delivered: log([A1, A2, A3], inB), trimmed: isOf('a', 4) },
    found: ['lost', 'silent-gap', 'miscount'],
    nearMiss: { delivered: log([A1, A2, A3], inB), trimmed: isOf('a', 4), named: isOf('a', 4) },
  },
  hang: {
    fault: { hangs: ['lag was 60 s after 30 s'] },
    found: ['hang'],
    nearMiss: { hangs: [] },
  },
  'hang: an open transaction': {
    fault: { transactions: [transaction([], [], 'open')] },
    found: ['hang'],
    nearMiss: { transactions: [transaction([], [], 'abort')] },
  },
  'child-before-parent': {
    fault: { delivered: log([A1, B1, B2, A2, A3, A4]) },
    found: ['child-before-parent'],
    nearMiss: { delivered: log([A1, B1, B2, A2, A3, A4]), parents: new Map([['p', 'c0']]) },
  },
  miscount: {
    fault: { delivered: log([A1, A2, A3, { ...A4, amount: 41 }], inB) },
    found: ['miscount'],
    // Only what an item ends as is in the sum.
    nearMiss: { delivered: log([A1, { ...A2, amount: 41 }, A3, A4], inB) },
  },
}

describe.each(Object.entries(samples))('%s', (_name, { fault, found, nearMiss }) => {
  it('is found, and nothing else', () => {
    expect([...named({ ...good, ...fault })].toSorted()).toEqual([...found].toSorted())
  })
  it('is not found where it only looks like it', () => {
    expect(named({ ...good, ...nearMiss })).toEqual([])
  })
})

it('has a sample of every name', () => {
  const found = new Set(Object.values(samples).flatMap((sample) => sample.found))
  expect([...found].toSorted()).toEqual(anomalyNames.toSorted())
})

describe('a row', () => {
  it('stands for what it shows: the next change skips nothing, and the missing one is still lost', () => {
    expect(named({ ...good, delivered: log([A1, row(written[2]), A3, A4], inB) })).toEqual(['lost', 'miscount'])
  })
})

describe('an item in two partitions', () => {
  it('skips what comes later in the same partition, whatever is repeated elsewhere', () => {
    const { anomalies } = judgeDelivery({ ...good, delivered: log([A1, A3, A2, A4], inB, [A2]) })
    expect(anomalies).toMatchObject({ skip: 1, duplicate: 1, 'partition-move': 1 })
  })
  it('is one move, and its order is judged in each', () => {
    expect(judgeDelivery({ ...good, delivered: log([A1, A2], inB, [A4, A3]) }).anomalies).toEqual({
      ...noAnomalies(),
      reorder: 1,
      skip: 1,
      'partition-move': 1,
      // By the last record in its last partition the item is gone.
      miscount: 2,
    })
  })
})

describe('a record of writes that contradicts itself', () => {
  it('is refused', () => {
    expect(() => judgeDelivery({ ...good, written: [...written, write('a', 2, 'MODIFY', 'c@99')] })).toThrow(
      'written changes 2 and 6 are the same version of one item',
    )
    const delivered = good.delivered.map((record) => ({ ...record, version: undefined }))
    expect(() =>
      judgeDelivery({ ...good, delivered, written: [...written, write('z', 1, 'INSERT', 'c@0015')] }),
    ).toThrow('written changes 5 and 6 have the same position')
  })
})

describe('examples', () => {
  it('are five of a kind, and hold no key', () => {
    const many = Array.from({ length: 8 }, (_, at) => write(`secret-${at}`, 1, 'INSERT', `p@${at}`))
    const { anomalies, examples } = judgeDelivery({ written: many, delivered: [], guarantee: 'exactly_once' })
    expect(anomalies.lost).toBe(8)
    expect(examples.filter((line) => line.startsWith('lost'))).toEqual(
      [0, 1, 2, 3, 4].map((at) => `lost: written change ${at} (orders, version 1 at p@${at})`),
    )
    expect(examples.join('\n')).not.toContain('secret')
  })
})
