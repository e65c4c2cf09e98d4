import type { Rng } from '../../../src/async/rng.ts'
import { systemClock as clock } from '../../../src/async/system-clock.ts'
import type { AwsApi } from '../../../src/aws/aws.ts'
import type { WrittenChange } from '../../../src/oracle/oracle.ts'
import { digestOf, toItem } from '../../oracle/versioned-items.ts'
import type { VersionedItem } from '../../oracle/versioned-items.ts'

/** Writes versioned items into a table that may end, and remembers each change that was acknowledged. */
export interface ItemWriter {
  /** In the order of the acknowledgements; those of one item in the order in which they were made. */
  readonly written: readonly WrittenChange[]
  /** One change of an item that nobody else changes at this moment. Rejects if the table does not take it: then the run is worth nothing. */
  writeOne(): Promise<void>
  /** Nothing is written any more; resolves when nothing is under way. */
  close(): Promise<void>
  /** What the table holds: digests by key. */
  contents(): ReadonlyMap<string, string>
}

const items = 40
const deleteShare = 0.12
const paddingBytes = 80
const writeTimeoutMs = 30_000

/** `incarnation` is part of the keys, so that a table that is made anew has items of its own. */
export function createItemWriter(
  api: AwsApi,
  { table, incarnation }: { readonly table: string; readonly incarnation: number },
  rng: Rng,
): ItemWriter {
  const written: WrittenChange[] = []
  const alive = new Map<string, VersionedItem>()
  const versions = new Map<string, number>()
  const busy = new Set<string>()
  const running = new Set<Promise<void>>()
  let isClosed = false
  const call = async (action: string, body: Readonly<Record<string, unknown>>): Promise<void> => {
    const request = { service: 'dynamodb', action, body: { TableName: table, ...body } } as const
    await api.call(request, AbortSignal.timeout(writeTimeoutMs))
  }
  const change = async (id: string): Promise<void> => {
    const version = (versions.get(id) ?? 0) + 1
    const before = alive.get(id)
    const isDelete = before !== undefined && rng.next() < deleteShare
    const padding = 'x'.repeat(Math.floor(rng.next() * paddingBytes))
    const made = { id, version, writeId: written.length + 1, amount: Math.floor(rng.next() * 1000), padding }
    const after = isDelete ? undefined : made
    if (after === undefined) await call('DeleteItem', { Key: { id: { S: id } } })
    else await call('PutItem', { Item: toItem(after) })
    versions.set(id, version)
    if (after === undefined) alive.delete(id)
    else alive.set(id, after)
    written.push({
      table,
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
  return {
    written,
    writeOne: async () => {
      const id = `item-${incarnation}-${Math.floor(rng.next() * items)}`
      if (isClosed || busy.has(id)) return
      busy.add(id)
      const changing = change(id).finally(() => {
        busy.delete(id)
        running.delete(changing)
      })
      running.add(changing)
      await changing
    },
    close: async () => {
      isClosed = true
      await Promise.allSettled(running)
    },
    contents: () => new Map([...alive].map(([id, item]) => [id, digestOf(item)])),
  }
}
