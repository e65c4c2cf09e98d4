import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  arbitraryDelivery,
  deliveryOf,
  parents,
  partitions,
  positionIn,
  rolled,
  withoutRows,
} from '../../test/oracle/arbitrary-delivery.ts'
import type { DeliverySample } from '../../test/oracle/arbitrary-delivery.ts'
import { isClean, noAnomalies } from './anomalies.ts'
import { judgeDelivery } from './judge-delivery.ts'
import type { AnomalyName, DeliveredRecord, Delivery, LoggedTransaction } from './oracle.ts'

/** Makes one thing wrong; undefined where the sample has nothing to which it can happen. */
type Fault = (sample: DeliverySample) => Delivery | undefined

/** Any one of the records for which `isFit` holds, by the dice. */
function pick(
  { log, dice }: DeliverySample,
  isFit: (record: DeliveredRecord, partition: readonly DeliveredRecord[]) => boolean = () => true,
): DeliveredRecord | undefined {
  const fit = log.flatMap((records) =>
    records.filter((record) => record.operation !== 'SNAPSHOT' && isFit(record, records)),
  )
  return fit[rolled(dice, 7) % Math.max(1, fit.length)]
}

/** The sample with other records in that partition. */
function changed(
  sample: DeliverySample,
  partition: number,
  change: (records: readonly DeliveredRecord[]) => readonly DeliveredRecord[],
): DeliverySample {
  return { ...sample, log: sample.log.map((records, at) => (at === partition ? change(records) : records)) }
}

/** Puts another record in the place of one, or several, or none. */
function replaced(
  sample: DeliverySample,
  record: DeliveredRecord | undefined,
  ...others: readonly DeliveredRecord[]
): Delivery | undefined {
  if (record === undefined) return undefined
  const swap = (records: readonly DeliveredRecord[]): readonly DeliveredRecord[] =>
    records.flatMap((other) => (other === record ? others : [other]))
  return deliveryOf(changed(sample, record.partition, swap))
}

const isSameItem = (a: DeliveredRecord, b: DeliveredRecord): boolean => a.table === b.table && a.key === b.key
const hasLater = (record: DeliveredRecord, records: readonly DeliveredRecord[]): boolean =>
  records.some((other) => isSameItem(other, record) && (other.version ?? 0) > (record.version ?? 0))

/** A committed transaction, changed; undefined if there is none that fits. */
function retold(
  sample: DeliverySample,
  change: (transaction: LoggedTransaction) => LoggedTransaction | undefined,
): Delivery | undefined {
  const fit = sample.transactions.filter((known) => known.outcome === 'commit' && change(known) !== undefined)
  const chosen = fit[rolled(sample.dice, 8) % Math.max(1, fit.length)]
  if (chosen === undefined) return undefined
  const transactions = sample.transactions.map((known) => (known === chosen ? (change(known) ?? known) : known))
  return deliveryOf({ ...sample, transactions })
}

const faults: readonly (readonly [string, AnomalyName, Fault])[] = [
  ['a record is dropped', 'lost', (sample) => replaced(sample, pick(sample))],
  [
    'a record that has a later one is dropped',
    'skip',
    (whole) => {
      const sample = withoutRows(whole)
      return replaced(sample, pick(sample, hasLater))
    },
  ],
  [
    'a record is repeated',
    'duplicate',
    (sample) => {
      const record = pick(sample)
      return record && deliveryOf(changed(sample, record.partition, (records) => [...records, record]))
    },
  ],
  [
    'two records of an item change places',
    'reorder',
    (sample) => {
      const record = pick(sample, hasLater)
      const later = sample.log
        .flat()
        .find((other) => record && isSameItem(other, record) && other.version === (record.version ?? 0) + 1)
      if (record === undefined || later === undefined) return undefined
      const swap = (other: DeliveredRecord): DeliveredRecord =>
        other === record ? later : other === later ? record : other
      return deliveryOf(changed(sample, record.partition, (records) => records.map(swap)))
    },
  ],
  [
    'a record is in another partition',
    'partition-move',
    (sample) => {
      const record = pick(sample, (one, records) => records.some((other) => other !== one && isSameItem(other, one)))
      if (record === undefined) return undefined
      const without = changed(sample, record.partition, (records) => records.filter((other) => other !== record))
      const partition = (record.partition + 1) % partitions
      return deliveryOf(changed(without, partition, (records) => [...records, { ...record, partition, offset: 1e6 }]))
    },
  ],
  [
    'an image changes',
    'phantom',
    (sample) => {
      const record = pick(sample, ({ after }) => after !== null)
      return record && replaced(sample, record, { ...record, after: 'other' })
    },
  ],
  [
    'the image before changes',
    'phantom',
    (sample) => {
      const record = pick(sample, ({ before }) => before !== null)
      return record && replaced(sample, record, { ...record, before: null })
    },
  ],
  [
    'a record has the position of another',
    'phantom',
    (sample) => {
      const record = pick(sample)
      return (
        record && replaced(sample, record, { ...record, position: { ...positionIn(record), sequenceNumber: '94' } })
      )
    },
  ],
  [
    'a record is invented',
    'phantom',
    (sample) => {
      const record = pick(sample)
      return record && replaced(sample, record, record, { ...record, version: 99, position: undefined })
    },
  ],
  [
    'a transaction was aborted',
    'aborted-read',
    (sample) => retold(sample, (known) => ({ ...known, outcome: 'abort' })),
  ],
  ['a transaction never ended', 'hang', (sample) => retold(sample, (known) => ({ ...known, outcome: 'open' }))],
  ['a position is dropped', 'torn', (sample) => retold(sample, (known) => ({ ...known, positions: [] }))],
  [
    'a position is too old',
    'torn',
    (sample) =>
      retold(sample, (known) => ({
        ...known,
        positions: known.positions.map((position) => ({
          ...position,
          sequenceNumber: String(BigInt(position.sequenceNumber) - 1n),
        })),
      })),
  ],
  [
    'a position is too new',
    'torn',
    (sample) =>
      retold(sample, (known) => ({
        ...known,
        positions: known.positions.map((position) => ({
          ...position,
          sequenceNumber: String(BigInt(position.sequenceNumber) + 1n),
        })),
      })),
  ],
  ['a position goes without its records', 'torn', (sample) => retold(sample, (known) => ({ ...known, records: [] }))],
  [
    'a row is older than a change in front of it',
    'stale-snapshot',
    (sample) => {
      const record = pick(
        sample,
        (one, records) =>
          hasLater(one, records) && !records.some((other) => isSameItem(other, one) && other.operation === 'REMOVE'),
      )
      const row: DeliveredRecord | undefined = record && { ...record, operation: 'SNAPSHOT', position: undefined }
      return row && deliveryOf(changed(sample, row.partition, (records) => [...records, row]))
    },
  ],
  [
    'a row is older than a delete in front of it',
    'resurrect',
    (sample) => {
      const isGone = (one: DeliveredRecord, records: readonly DeliveredRecord[]): boolean =>
        one.operation !== 'REMOVE' &&
        records.some(
          (other) =>
            isSameItem(other, one) && other.operation === 'REMOVE' && (other.version ?? 0) > (one.version ?? 0),
        )
      const record = pick(sample, isGone)
      const row: DeliveredRecord | undefined = record && { ...record, operation: 'SNAPSHOT', position: undefined }
      return row && deliveryOf(changed(sample, row.partition, (records) => [...records, row]))
    },
  ],
  [
    'a child comes before its parent',
    'child-before-parent',
    (whole) => {
      const sample = withoutRows(whole)
      const child = pick(sample, (one, records) =>
        records.some((other) => other.position?.shardId === parents.get(positionIn(one).shardId)),
      )
      return (
        child &&
        deliveryOf(
          changed(sample, child.partition, (records) => [child, ...records.filter((other) => other !== child)]),
        )
      )
    },
  ],
  [
    'an amount changes in what is left',
    'miscount',
    (whole) => {
      const sample = withoutRows(whole)
      const record = pick(sample, (one, records) => one.after !== null && !hasLater(one, records))
      return record && replaced(sample, record, { ...record, amount: record.amount + 1 })
    },
  ],
  [
    'a table holds something else',
    'diverged',
    (sample) => deliveryOf({ ...sample, tables: new Map([...sample.tables, ['orders', new Map([['item 77', 'x']])]]) }),
  ],
  [
    'changes are gone at the source',
    'silent-gap',
    (sample) => deliveryOf(sample, { trimmed: ({ version }) => version === 1 }),
  ],
]

describe('judgeDelivery', () => {
  it('finds nothing in a delivery without fault', () => {
    fc.assert(
      fc.property(arbitraryDelivery, (sample) => {
        const findings = judgeDelivery(deliveryOf(sample))
        expect(findings).toEqual({
          written: sample.written.length,
          delivered: sample.written.length,
          anomalies: noAnomalies(),
          replayed: 0,
          examples: [],
        })
        const byPosition = sample.log
          .flat()
          .map((record) => (record.operation === 'SNAPSHOT' ? record : { ...record, version: undefined }))
        expect(isClean(judgeDelivery(deliveryOf(sample, { delivered: byPosition })))).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  it.each(faults)('finds that %s', (_what, name, fault) => {
    let tried = 0
    fc.assert(
      fc.property(arbitraryDelivery, (sample) => {
        const delivery = fault(sample)
        if (delivery === undefined) return
        tried++
        const { anomalies } = judgeDelivery(delivery)
        expect(anomalies[name]).toBeGreaterThan(0)
      }),
      { numRuns: 150 },
    )
    expect(tried).toBeGreaterThan(50)
  })

  it('takes whole replays for what they are at least once, and parts of them for faults', () => {
    let tried = 0
    fc.assert(
      fc.property(arbitraryDelivery, fc.nat(), fc.boolean(), (sample, at, isWhole) => {
        const { delivery, repeats, isSuffix } = withReplay(sample, at, isWhole)
        if (repeats === 0) return
        tried++
        const { anomalies, replayed } = judgeDelivery(delivery)
        if (isSuffix) expect([anomalies, replayed]).toEqual([noAnomalies(), repeats])
        else expect(anomalies['bad-replay']).toBeGreaterThan(0)
      }),
      { numRuns: 300 },
    )
    expect(tried).toBeGreaterThan(150)
  })
})

/** After everything, what one shard wrote into one partition comes again from somewhere: all the rest of it, or one record. */
function withReplay(
  sample: DeliverySample,
  at: number,
  isWhole: boolean,
): { readonly delivery: Delivery; readonly repeats: number; readonly isSuffix: boolean } {
  const partition = at % partitions
  const shardId = ['left-child', 'right-child'][at % 2]
  const known = (sample.log[partition] ?? []).filter((record) => record.position?.shardId === shardId)
  const from = at % Math.max(1, known.length)
  const repeated = isWhole ? known.slice(from) : known.slice(from, from + 1)
  const { written, log } = changed(sample, partition, (records) => [...records, ...repeated])
  const isLast = repeated.at(-1) === known.at(-1)
  const delivery: Delivery = {
    written,
    delivered: log.flat(),
    guarantee: 'at_least_once',
    parents,
  }
  return { delivery, repeats: repeated.length, isSuffix: isLast }
}
