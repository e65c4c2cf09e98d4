import { describe, expect, it } from 'vitest'
import { createByteBudget } from '../../async/byte-budget.ts'
import type { TableExport, TableExports } from '../../sources/table-export/table-exports.ts'
import { createManualClock } from '../../testing/manual-clock.ts'
import { createExportReader } from './export-reader.ts'
import { createRecentKeys } from './recent-keys.ts'
import type { PageReader } from './segment-feed.ts'

const signal = new AbortController().signal
const linesAtOnce = 2

/** Five files; a line says which file and which line it is. */
const files = [3, 0, 2, 1, 4].map((itemCount, number) => ({
  key: `file-${number}`,
  itemCount,
  md5Checksum: '',
  etag: '',
}))
const full: TableExport = {
  kind: 'full',
  exportArn: 'arn',
  tableArn: 'table',
  tableId: 'id',
  itemCount: 10,
  format: 'DYNAMODB_JSON',
  bucket: 'b',
  files,
  exportTimeMs: 5_000,
}
const opened: string[] = []
const exports: Pick<TableExports, 'openFile'> = {
  openFile: (_, { key, itemCount }, afterLine) => {
    opened.push(`${key} behind ${afterLine}`)
    let line = afterLine
    return {
      read: () => {
        const lines = Array.from({ length: Math.min(linesAtOnce, itemCount - line) }, (_, index) => ({
          Item: `${key}/${line + index + 1}`,
        }))
        line += lines.length
        return Promise.resolve({ lines, nextLine: line, isEnd: line >= itemCount, bytes: 10 })
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }
  },
}
const readerOf = (segment: number, totalSegments: number, open = () => Promise.resolve(full)): PageReader =>
  createExportReader({
    exports,
    open,
    segment,
    totalSegments,
    recent: createRecentKeys(10),
    budget: createByteBudget(1_000_000),
    clock: createManualClock(),
  })
const readAll = async (reader: PageReader, from?: string): Promise<{ items: unknown[]; keys: unknown[] }> => {
  const items: unknown[] = []
  const keys: unknown[] = []
  for (let key = from; ;) {
    const { page, share } = await reader.read(key, signal)
    share.release()
    items.push(...page.items)
    key = page.lastKey
    keys.push(key)
    if (key === undefined) return { items, keys }
  }
}

describe('a segment of an export', () => {
  it('has its files in turn, each line once over all segments', async () => {
    const all = [await readAll(readerOf(0, 2)), await readAll(readerOf(1, 2))]
    expect(all[0]?.keys).toEqual(['0/2', '2/0', '4/0', '4/2', undefined])
    const lines = all.flatMap(({ items }) => items)
    expect(new Set(lines).size).toBe(10)
    expect(lines).toHaveLength(10)
  })

  it('goes on behind any line, as a page names it', async () => {
    const { items, keys } = await readAll(readerOf(0, 1))
    let seen = 0
    for (const key of keys.slice(0, -1)) {
      const rest = await readAll(readerOf(0, 1), String(key))
      seen = items.length - rest.items.length
      expect(rest.items).toEqual(items.slice(seen))
    }
    expect(seen).toBeGreaterThan(5)
  })

  it('is empty where there are fewer files than segments', async () => {
    expect(await readAll(readerOf(7, 8))).toEqual({ items: [], keys: [undefined] })
  })

  it('reads a file on, and does not open it for each page', async () => {
    opened.length = 0
    await readAll(readerOf(4, 5))
    expect(opened).toEqual(['file-4 behind 0'])
  })

  it('can be given up while the export is still waited for', async () => {
    const stop = new AbortController()
    const reading = readerOf(0, 1, () => new Promise(() => {})).read(undefined, stop.signal)
    stop.abort(new Error('enough'))
    await expect(reading).rejects.toThrow('enough')
  })
})
