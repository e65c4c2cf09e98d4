import { anomalyNames } from '../../oracle/anomalies.ts'
import { judgeDelivery } from '../../oracle/judge-delivery.ts'
import type { DeliveredRecord, Findings, WrittenChange } from '../../oracle/oracle.ts'

/** One acknowledged write of one item. */
export interface ItemWrite {
  /** Its place in the item's history: greater is later. Never used twice for one item. */
  readonly rank: number
  /** Digest of the item behind the write; null when the write deleted it. */
  readonly after: string | null
}

/** One change as a reader of the topic found it. Tombstones are not changes. */
export interface DeliveredChange {
  readonly key: string
  readonly rank: number
  /** Digests of the two images; null for an image that is null. */
  readonly before: string | null
  readonly after: string | null
  /** True for a row of the snapshot. */
  readonly isRow: boolean
  readonly partition: number
  readonly offset: bigint
}

/** What became of the writes. All but `written` and `delivered` are 0 in a good run. */
export interface DeliveryResult {
  readonly written: number
  /** Change records that were found, right or wrong. */
  readonly delivered: number
  /** Items that were there before the stream, and rows of the snapshot that were found. */
  readonly existing: number
  readonly rows: number
  /** Records of a write that had been found before. */
  readonly duplicated: number
  /** Writes without a right record. */
  readonly lost: number
  /** Records behind a later one of their item, without the one before it in front of them, or in another partition. */
  readonly reordered: number
  /** Records that no write made, or whose images are not what was written. */
  readonly phantom: number
  /** What else the oracle found where all of the above is 0: each of those brings about others. */
  readonly other: number
}

/** Compares what was written with what was delivered. */
export interface DeliveryCheck {
  /** The next record. Those of one partition must come in offset order; how partitions interleave is of no matter. */
  add(change: DeliveredChange): void
  result(): DeliveryResult
}

/** True if every write was delivered once, in order, as it was made. */
export function isExactlyOnce(result: DeliveryResult): boolean {
  const { existing, rows, lost, duplicated, reordered, phantom, other } = result
  const rowsAreThere = existing === rows
  return rowsAreThere && lost === 0 && duplicated === 0 && reordered === 0 && phantom === 0 && other === 0
}

const table = 'shop'
const topic = 'shop'

/**
 * A check against all writes by item key, which may come in any order. DynamoDB Local tells no positions when it answers
 * a write, so changes are known by their item and rank alone; the oracle is given ranks as versions without holes. `existing`:
 * items from before the stream, which nobody writes again; each must have one row.
 */
export function createDeliveryCheck(
  writes: ReadonlyMap<string, readonly ItemWrite[]>,
  existing: ReadonlyMap<string, ItemWrite>,
): DeliveryCheck {
  const versions = new Map<string, ReadonlyMap<number, number>>()
  const written: WrittenChange[] = []
  const contents = new Map<string, string>()
  for (const [key, history] of [...writes, ...[...existing].map(([key, item]) => [key, [item]] as const)]) {
    const changes = changesOf(key, history)
    versions.set(key, new Map(changes.map(({ rank, version }) => [rank, version])))
    for (const change of changes) written.push(change)
    const last = changes.at(-1)?.after
    if (typeof last === 'string') contents.set(key, last)
  }
  const delivered: DeliveredRecord[] = []
  return {
    add: ({ key, rank, before, after, isRow, partition, offset }) => {
      // A rank that no write has gives no version, and that makes the record a phantom.
      const version = versions.get(key)?.get(rank)
      const place = { topic, partition, offset: Number(offset) }
      const operation = isRow ? 'SNAPSHOT' : operationOf(before, after)
      delivered.push({
        ...place,
        table,
        key,
        version,
        operation,
        before,
        after,
        amount: amountOf({ rank, after }),
        position: undefined,
      })
    },
    result: () => {
      const findings = judgeDelivery({
        written,
        delivered,
        guarantee: 'exactly_once',
        stored: ({ key }) => existing.has(key),
        snapshots: new Map([[table, 1]]),
        tables: new Map([[table, contents]]),
      })
      const rows = delivered.filter(({ operation }) => operation === 'SNAPSHOT').length
      return resultOf(findings, { existing: existing.size, rows })
    },
  }
}

function changesOf(key: string, history: readonly ItemWrite[]): readonly (WrittenChange & { readonly rank: number })[] {
  let before: string | null = null
  return history
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ rank, after }, at) => {
      const operation = operationOf(before, after)
      const images = { before, after }
      before = after
      const amount = amountOf({ rank, after })
      return { table, key, rank, version: at + 1, operation, ...images, amount, position: undefined, writtenAtMs: 0 }
    })
}

/** A record without any image has no version either, so what it is called does not matter. */
function operationOf(before: string | null, after: string | null): WrittenChange['operation'] {
  if (after === null) return 'REMOVE'
  return before === null ? 'INSERT' : 'MODIFY'
}

/** What the second count sums up: the rank, which a reader finds in the item. */
function amountOf({ rank, after }: ItemWrite): number {
  return after === null ? 0 : rank
}

function resultOf(
  { written, delivered, anomalies }: Findings,
  snapshot: Pick<DeliveryResult, 'existing' | 'rows'>,
): DeliveryResult {
  const { lost, phantom, duplicate: duplicated } = anomalies
  const reordered = anomalies.reorder + anomalies.skip + anomalies['partition-move']
  const all = anomalyNames.reduce((total, name) => total + anomalies[name], 0)
  const other = lost + phantom + duplicated + reordered === 0 ? all : 0
  return { written: written - snapshot.existing, delivered, ...snapshot, duplicated, lost, reordered, phantom, other }
}
