import { isJsonObject } from '../../aws/json-object.ts'
import type { Item } from '../../change/attribute-value.ts'
import type { Table } from '../../change/table.ts'
import type { Source } from '../../sources/source.ts'

/** Some items of a table, and what reading them took. */
export interface TableSample {
  readonly items: readonly Item[]
  /** Read capacity units. */
  readonly units: number
}

/** The sample comes from as many places in the table. */
const segments = 8

/**
 * Reads up to `size` items from all over a table, which has to be scanned to its end only if it holds no more. Items that
 * are written meanwhile may be among them or not.
 */
export async function sampleTable(
  source: Pick<Source, 'scanPage'>,
  { table, size }: { readonly table: Table; readonly size: number },
  signal: AbortSignal,
): Promise<TableSample> {
  const items: Item[] = []
  let units = 0
  let open: readonly { readonly segment: number; readonly afterKey: string | undefined }[] = Array.from(
    { length: segments },
    (_, segment) => ({ segment, afterKey: undefined }),
  )
  while (open.length > 0 && items.length < size) {
    const next: { readonly segment: number; readonly afterKey: string }[] = []
    const share = Math.ceil((size - items.length) / open.length)
    for (const { segment, afterKey } of open) {
      const limit = Math.min(share, size - items.length)
      if (limit === 0) break
      const page = await source.scanPage({ table, segment, totalSegments: segments, afterKey, limit }, signal)
      items.push(...page.items.filter((item): item is Item => isJsonObject(item)))
      units += page.units
      if (page.lastKey !== undefined) next.push({ segment, afterKey: page.lastKey })
    }
    open = next
  }
  return { items, units }
}
