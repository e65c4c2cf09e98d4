import type { Rng } from '../../src/async/rng.ts'
import type { WrittenChange } from '../../src/oracle/oracle.ts'
import type { SimulatedTable } from '../servers/stream-simulator/simulated-table.ts'
import { digestOf, toItem } from './versioned-items.ts'
import type { VersionedItem } from './versioned-items.ts'

/** Writes versioned items into a simulated table and remembers each change for the oracle. */
export interface VersionedWriter {
  readonly written: readonly WrittenChange[]
  /** One change of a random item: mostly of few items, now and then a delete. */
  writeOne(): void
  /** Writes that many items into a table whose stream has not begun. */
  writeBeforeStream(items: number): void
  /** Writes a certain item, with so much padding and an amount of three digits. */
  writeSized(key: string, paddingBytes: number): void
  /** What the table holds now, as digests by key. */
  contents(): ReadonlyMap<string, string>
}

/** How items are chosen and what is done to them. */
export interface Workload {
  readonly keys: number
  /** 1 = all items alike; greater values prefer few. */
  readonly skew: number
  readonly deleteShare: number
  readonly paddingBytes: number
  /** Share of the deletes that DynamoDB makes itself, because an item has expired. Default 0. */
  readonly expiryShare?: number
  /** Share of writes that are preceded by one that changes nothing, which makes no record. Default 0. */
  readonly idleShare?: number
}

/** A writer of one table; write ids are unique over all writers that share `serial`. */
export function createVersionedWriter(
  table: SimulatedTable,
  workload: Workload,
  rng: Rng,
  serial: { next: number } = { next: 1 },
): VersionedWriter {
  const written: WrittenChange[] = []
  const versions = new Map<string, number>()
  const alive = new Map<string, VersionedItem>()

  const remember = (item: VersionedItem | undefined, key: string, change: ReturnType<SimulatedTable['put']>): void => {
    if (change === undefined) throw new Error('a write made no record')
    const before = alive.get(key)
    if (item === undefined) alive.delete(key)
    else alive.set(key, item)
    written.push({
      table: table.name,
      key,
      version: versions.get(key) ?? 0,
      operation: change.operation,
      before: before === undefined ? null : digestOf(before),
      after: item === undefined ? null : digestOf(item),
      amount: item?.amount ?? 0,
      position: { shardId: change.shardId, sequenceNumber: change.sequenceNumber },
      writtenAtMs: change.writtenAtMs,
    })
  }
  const nextVersion = (key: string): number => {
    const version = (versions.get(key) ?? 0) + 1
    versions.set(key, version)
    return version
  }
  const put = (fields: Pick<VersionedItem, 'id' | 'version' | 'amount'>, paddingBytes: number): void => {
    const item = { ...fields, writeId: serial.next++, padding: 'x'.repeat(paddingBytes) }
    remember(item, item.id, table.put(toItem(item)))
  }
  const store = (key: string): void => {
    const amount = Math.floor(rng.next() * 1000)
    const padding = 'x'.repeat(Math.floor(rng.next() * workload.paddingBytes))
    const item = { id: key, version: nextVersion(key), amount, writeId: serial.next++, padding }
    if (table.put(toItem(item)) !== undefined) throw new Error('the stream has begun already')
    alive.set(key, item)
    written.push({
      table: table.name,
      key,
      version: item.version,
      operation: 'INSERT',
      before: null,
      after: digestOf(item),
      amount,
      position: undefined,
      writtenAtMs: 0,
    })
  }
  return {
    written,
    writeBeforeStream: (items) => {
      for (let index = 0; index < items; index++) store(`item-${index}`)
    },
    writeSized: (key, paddingBytes) => put({ id: key, version: nextVersion(key), amount: 500 }, paddingBytes),
    writeOne: () => {
      const key = `item-${Math.floor(rng.next() ** workload.skew * workload.keys)}`
      const version = nextVersion(key)
      if (alive.has(key) && rng.next() < workload.deleteShare) {
        const asTimeToLive = rng.next() < (workload.expiryShare ?? 0)
        remember(undefined, key, table.delete({ id: { S: key } }, { asTimeToLive }))
        return
      }
      const present = alive.get(key)
      if (present !== undefined && rng.next() < (workload.idleShare ?? 0) && table.put(toItem(present)) !== undefined)
        throw new Error('a write that changes nothing made a record')
      const amount = Math.floor(rng.next() * 1000)
      put({ id: key, version, amount }, Math.floor(rng.next() * workload.paddingBytes))
    },
    contents: () => new Map([...alive].map(([key, item]) => [key, digestOf(item)])),
  }
}
