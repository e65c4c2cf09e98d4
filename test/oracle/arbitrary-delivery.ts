import * as fc from 'fast-check'
import type {
  ChangePosition,
  DeliveredRecord,
  Delivery,
  LoggedTransaction,
  WrittenChange,
} from '../../src/oracle/oracle.ts'

/** A delivery with everything that can be judged, as it may be made wrong: records by partition, in offset order. */
export interface DeliverySample {
  readonly written: readonly WrittenChange[]
  readonly log: readonly (readonly DeliveredRecord[])[]
  readonly transactions: readonly LoggedTransaction[]
  readonly tables: ReadonlyMap<string, ReadonlyMap<string, string>>
  /** A number for each choice of a fault. */
  readonly dice: readonly number[]
}

/** Of the one topic of a sample. */
export const partitions = 3
/** Parent of each shard of a sample. */
export const parents = new Map([
  ['left', undefined],
  ['right', undefined],
  ['left-child', 'left'],
  ['right-child', 'right'],
])

/** Writes over a few items of two tables. Each side's shard ends once, and its child goes on. */
function historyOf(steps: readonly { readonly item: number; readonly isDelete: boolean }[]): readonly WrittenChange[] {
  const versions = new Map<number, number>()
  const alive = new Map<number, string>()
  return steps.map(({ item, isDelete }, at) => {
    const version = (versions.get(item) ?? 0) + 1
    versions.set(item, version)
    const before = alive.get(item) ?? null
    const after = isDelete && before !== null ? null : `image ${item}/${version}`
    if (after === null) alive.delete(item)
    else alive.set(item, after)
    const side = item % 2 === 0 ? 'left' : 'right'
    return {
      table: item % 3 === 0 ? 'orders' : 'customers',
      key: `item ${item}`,
      version,
      operation: before === null ? 'INSERT' : after === null ? 'REMOVE' : 'MODIFY',
      before,
      after,
      amount: after === null ? 0 : version + item,
      position: {
        shardId: at < steps.length / 2 ? side : `${side}-child`,
        // Lengths differ, as they do in a stream.
        sequenceNumber: String(95n + BigInt(at)),
      },
      writtenAtMs: at,
    }
  })
}

/** Takes the changes from the shards in an order that lineage allows, a few in each transaction. */
function deliver(written: readonly WrittenChange[], dice: readonly number[]): DeliverySample {
  const queues = new Map(
    [...parents.keys()].map((id) => [id, written.filter((change) => change.position?.shardId === id)]),
  )
  const log: DeliveredRecord[][] = Array.from({ length: partitions }, () => [])
  const transactions: LoggedTransaction[] = []
  for (let round = 0; ; round++) {
    const ready = [...queues].filter(
      ([id, queue]) => queue.length > 0 && (queues.get(parents.get(id) ?? '') ?? []).length === 0,
    )
    const [, queue] = ready[rolled(dice, round) % Math.max(1, ready.length)] ?? []
    if (queue === undefined) break
    const taken = queue.splice(0, 1 + (rolled(dice, round + 1) % 4)).map((change) => append(log, change))
    const isBroken = rolled(dice, round + 2) % 5 === 0
    // What is aborted has its own offsets, and comes again.
    if (isBroken)
      transactions.push(
        transactionOf(
          taken.map((record) => ({ ...record, offset: record.offset - 0.5 })),
          'abort',
        ),
      )
    transactions.push(transactionOf(taken, 'commit'))
    if (rolled(dice, round + 3) % 4 === 0) scan(log, taken.at(-1))
  }
  const tables = new Map<string, Map<string, string>>()
  for (const { table, key, after } of written) {
    const items = tables.get(table) ?? new Map<string, string>()
    tables.set(table, items)
    if (after === null || after === undefined) items.delete(key)
    else items.set(key, after)
  }
  return { written, log, transactions, tables, dice }
}

function append(log: DeliveredRecord[][], change: WrittenChange): DeliveredRecord {
  const { table, key, version, operation, before, after, amount, position } = change
  const partition = Number(key.slice(5)) % partitions
  const records = log[partition] ?? []
  const offset = records.length + 1
  const record = { topic: 'shop', partition, offset, table, key, version, operation, before, after, amount, position }
  records.push(record)
  return record
}

/** A snapshot finds the item as this change left it. */
function scan(log: DeliveredRecord[][], record: DeliveredRecord | undefined): void {
  if (record === undefined || record.after === null) return
  const records = log[record.partition] ?? []
  const offset = records.length + 1
  records.push({ ...record, offset, operation: 'SNAPSHOT', before: null, position: undefined })
}

/** The sample without the rows of its snapshots. */
export function withoutRows(sample: DeliverySample): DeliverySample {
  return { ...sample, log: sample.log.map((records) => records.filter(({ operation }) => operation !== 'SNAPSHOT')) }
}

function transactionOf(records: readonly DeliveredRecord[], outcome: 'commit' | 'abort'): LoggedTransaction {
  const last = records.at(-1)?.position
  return {
    name: `transaction of ${records.length}`,
    outcome,
    records: records.map((record) => ({ place: record, position: positionIn(record) })),
    positions: last === undefined ? [] : [last],
  }
}

/** The position of a record; all of a sample have one. */
export function positionIn(record: DeliveredRecord): ChangePosition {
  return record.position ?? { shardId: '', sequenceNumber: '0' }
}

/** One of the dice, however many are asked for. */
export function rolled(dice: readonly number[], at: number): number {
  return dice[at % dice.length] ?? 0
}

/** The sample as it is judged. */
export function deliveryOf(sample: DeliverySample, more: Partial<Delivery> = {}): Delivery {
  const { written, log, transactions, tables } = sample
  return { written, delivered: log.flat(), guarantee: 'exactly_once', transactions, parents, tables, ...more }
}

/** A valid one, with everything in it that can be judged. */
export const arbitraryDelivery: fc.Arbitrary<DeliverySample> = fc
  .record({
    steps: fc.array(fc.record({ item: fc.nat(7), isDelete: fc.boolean() }), {
      minLength: 4,
      maxLength: 60,
      size: 'max',
    }),
    dice: fc.array(fc.nat(1_000_000), { minLength: 12, maxLength: 12 }),
  })
  .map(({ steps, dice }) => deliver(historyOf(steps), dice))
