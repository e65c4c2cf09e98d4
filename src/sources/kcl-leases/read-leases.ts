import { isJsonObject } from '../../aws/json-object.ts'
import type { Item } from '../../change/attribute-value.ts'
import type { Table } from '../../change/table.ts'
import { TailraceError } from '../../errors.ts'
import type { Source } from '../source.ts'
import { readLease } from './kcl-lease.ts'
import type { KclLease } from './kcl-lease.ts'

/**
 * All leases of a lease table, by shard, as they are now (strongly consistent). Undefined if there is no such table; it is looked for
 * in the account and region of `near`.
 */
export async function readLeases(
  source: Pick<Source, 'scanPage'>,
  { name, near }: { readonly name: string; readonly near: Table },
  signal: AbortSignal,
): Promise<ReadonlyMap<string, KclLease> | undefined> {
  const leases = new Map<string, KclLease>()
  const table: Table = { ...near, name, arn: near.arn.slice(0, near.arn.lastIndexOf('/') + 1) + name }
  for (let afterKey: string | undefined; ;) {
    const page = await orUndefined(source.scanPage({ table, segment: 0, totalSegments: 1, afterKey }, signal))
    if (page === undefined) return undefined
    for (const item of page.items) {
      const lease = isJsonObject(item) ? readLease(item as Item) : undefined
      if (lease !== undefined) leases.set(lease.shardId, lease)
    }
    afterKey = page.lastKey
    if (afterKey === undefined) return leases
  }
}

async function orUndefined<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof TailraceError && error.code === 'TABLE_NOT_FOUND') return undefined
    throw error
  }
}
