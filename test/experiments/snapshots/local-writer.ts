import type { Rng } from '../../../src/async/rng.ts'
import { systemClock as clock } from '../../../src/async/system-clock.ts'
import type { Item } from '../../../src/change/attribute-value.ts'
import type { WrittenChange } from '../../../src/oracle/oracle.ts'
import { digestOf, toItem } from '../../oracle/versioned-items.ts'
import type { VersionedItem } from '../../oracle/versioned-items.ts'
import type { LocalTable } from '../../servers/local-table.ts'

/** Writes versioned items into a table of DynamoDB Local and remembers each for the oracle. */
export interface LocalWriter {
  readonly written: readonly WrittenChange[]
  /** Changes by what they did, without those of `fill`. */
  readonly counts: { readonly updated: number; readonly deleted: number; readonly putBack: number }
  /** Items from before the stream, in batches. */
  fill(items: number): Promise<void>
  /** Changes items in random order until `isOver`, several at a time and never two of one item at once. */
  write(isOver: () => boolean): Promise<void>
  contents(): ReadonlyMap<string, string>
}

const writersAtOnce = 12
const paddingBytes = 60

/** A tenth of the changes are deletes, half of which are put back at once: the item is another one with the same key. */
const deleteShare = 0.15

export function createLocalWriter(table: LocalTable, rng: Rng): LocalWriter {
  const written: WrittenChange[] = []
  const alive = new Map<string, VersionedItem>()
  const versions: number[] = []
  const counts = { updated: 0, deleted: 0, putBack: 0 }
  let writeId = 0

  const remember = (id: string, version: number, after: VersionedItem | undefined): void => {
    const before = alive.get(id)
    if (after === undefined) alive.delete(id)
    else alive.set(id, after)
    written.push({
      table: table.name,
      key: id,
      version,
      operation: after === undefined ? 'REMOVE' : before === undefined ? 'INSERT' : 'MODIFY',
      before: before === undefined ? null : digestOf(before),
      after: after === undefined ? null : digestOf(after),
      amount: after?.amount ?? 0,
      position: undefined,
      writtenAtMs: clock.now(),
    })
  }
  const nextVersion = (number: number): number => (versions[number] = (versions[number] ?? 0) + 1)
  const newItem = (number: number): VersionedItem => ({
    id: idOf(number),
    version: nextVersion(number),
    writeId: ++writeId,
    amount: Math.floor(rng.next() * 1000),
    padding: 'x'.repeat(Math.floor(rng.next() * paddingBytes)),
  })
  const put = async (number: number): Promise<void> => {
    const item = newItem(number)
    await table.put(toItem(item))
    remember(item.id, item.version, item)
  }
  const remove = async (number: number): Promise<void> => {
    const version = nextVersion(number)
    await table.delete(idOf(number))
    remember(idOf(number), version, undefined)
    counts.deleted++
  }
  const change = async (number: number): Promise<void> => {
    if (alive.has(idOf(number)) && rng.next() < deleteShare) {
      await remove(number)
      if (rng.next() < 0.5) return
      counts.putBack++
    } else counts.updated++
    await put(number)
  }
  return {
    written,
    counts,
    fill: async (items) => {
      const stored: Item[] = []
      for (let number = 0; number < items; number++) {
        const item = newItem(number)
        stored.push(toItem(item))
        remember(item.id, item.version, item)
      }
      await table.putAll(stored)
    },
    write: async (isOver) => {
      // Each writer has items of its own, so that an item's versions are in the order of its writes.
      const writer = async (own: number): Promise<void> => {
        const count = Math.ceil((versions.length - own) / writersAtOnce)
        while (!isOver()) await change(own + writersAtOnce * Math.floor(rng.next() * count))
      }
      await Promise.all(Array.from({ length: writersAtOnce }, (_, own) => writer(own)))
    },
    contents: () => new Map([...alive].map(([id, item]) => [id, digestOf(item)])),
  }
}

function idOf(number: number): string {
  return `item-${number}`
}
