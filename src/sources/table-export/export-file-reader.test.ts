import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { replaceFile } from '../../../test/servers/export-damage.ts'
import { readToEnd, refusalOf, setUpExports } from '../../../test/servers/export-setup.ts'
import { writeExport } from '../../../test/servers/export-writer.ts'
import type { ExportPlan, WrittenExport } from '../../../test/servers/export-writer.ts'
import { createMemoryObjectStore } from '../../../test/servers/memory-object-store.ts'
import type { MemoryObjectStore } from '../../../test/servers/memory-object-store.ts'
import { seededRng } from '../../async/rng.ts'
import type { Item } from '../../change/attribute-value.ts'
import type { SourceEvent } from '../source-event.ts'
import type { ExportFile, ExportFileReader, TableExport } from './table-exports.ts'

const never = new AbortController().signal

/** Items whose text does not compress much, so that files have several pieces. */
function items(count: number, textBytes = 40): readonly Item[] {
  const rng = seededRng(count)
  const noise = (): string => rng.next().toString(36).slice(2)
  return Array.from({ length: count }, (_, n): Item => {
    let text = ''
    while (text.length < textBytes) text += noise()
    return { id: { S: `item-${n}` }, n: { N: String(n) }, '\n': { S: text } }
  })
}

function planOf(files: readonly (readonly Item[])[], also: Partial<ExportPlan> = {}): ExportPlan {
  return {
    bucket: 'exports',
    exportId: '01700000000000-a1b2c3d4',
    tableArn: 'arn:aws:dynamodb:eu-west-1:123456789012:table/orders',
    tableId: 'id-1',
    format: 'DYNAMODB_JSON',
    content: { kind: 'full', timeMs: 1_700_000_000_000, files },
    ...also,
  }
}

interface OpenExport {
  readonly store: MemoryObjectStore
  readonly written: WrittenExport
  readonly tableExport: TableExport
  readonly events: readonly SourceEvent[]
  readonly read: (index?: number, afterLine?: number) => ExportFileReader
}

/** Writes an export, lets `damage` have it, and opens it. */
async function setUp(
  plan: ExportPlan,
  options: {
    readonly maxHeldBytes?: number
    readonly damage?: (store: MemoryObjectStore, written: WrittenExport) => Promise<void>
  } = {},
): Promise<OpenExport> {
  const store = createMemoryObjectStore()
  const written = await writeExport(store.put, plan)
  await options.damage?.(store, written)
  const { maxHeldBytes } = options
  const { exports, events } = setUpExports({ objects: store, ...(maxHeldBytes === undefined ? {} : { maxHeldBytes }) })
  const tableExport = await exports.open(written.manifest, never)
  return {
    store,
    written,
    tableExport,
    events,
    read: (index = 0, afterLine = 0) => exports.openFile(tableExport, fileOf(tableExport, index), afterLine),
  }
}

function fileOf({ files }: TableExport, index: number): ExportFile {
  const file = files[index]
  if (file === undefined) throw new Error(`there is no file ${index}`)
  return file
}

/** Both ways through a file: held in memory, and read twice. */
const ways = [
  ['held in memory', undefined],
  ['read twice', 0],
] as const

describe.each(ways)('a data file, %s', (_, held) => {
  const options = held === undefined ? {} : { maxHeldBytes: held }

  it.each(['DYNAMODB_JSON', 'ION'] as const)('gives every line of every file, in order (%s)', async (format) => {
    const { written, read, tableExport } = await setUp(planOf([items(30), [], items(7)], { format }), options)
    for (const index of tableExport.files.keys()) {
      await using reader = read(index)
      expect((await readToEnd(reader, never)).lines).toEqual(written.lines[index])
    }
  })

  it.each(['attribute', 'text'] as const)('gives changes with their time as %s', async (times) => {
    const [a = {}, b = {}, c = {}] = items(3)
    const changes = [
      { writtenMicros: 1_700_000_001_000_001, keys: { id: { S: 'a' } }, newImage: a },
      { writtenMicros: 1_700_000_002_000_002, keys: { id: { S: 'b' } }, newImage: b, oldImage: a },
      { writtenMicros: 1_700_000_003_000_003, keys: { id: { S: 'c' } }, oldImage: c },
    ]
    const content = {
      kind: 'incremental',
      fromMs: 1_700_000_000_000,
      toMs: 1_700_003_600_000,
      files: [changes],
    } as const
    const { written, read } = await setUp({ ...planOf([]), content, times }, options)
    await using reader = read()
    const { lines } = await readToEnd(reader, never)
    expect(lines).toEqual(written.lines[0])
    expect(lines[1]).toMatchObject({ Keys: { id: { S: 'b' } }, OldImage: a, NewImage: b })
  })

  it('goes on behind any line', async () => {
    const { written, read } = await setUp(planOf([items(23)]), options)
    for (let afterLine = 0; afterLine <= 23; afterLine++) {
      await using reader = read(0, afterLine)
      const { lines, pages } = await readToEnd(reader, never)
      expect(lines).toEqual(written.lines[0]?.slice(afterLine))
      expect(pages.at(-1)).toMatchObject({ nextLine: 23, isEnd: true })
    }
  })

  it('gives pages of about 1 MB, the last of which says that it is', async () => {
    const { written, read } = await setUp(planOf([items(3_000, 1_000)]), options)
    await using reader = read()
    const { lines, pages } = await readToEnd(reader, never)
    expect(lines).toEqual(written.lines[0])
    expect(pages.length).toBeGreaterThan(2)
    for (const { bytes } of pages) expect(bytes).toBeLessThan(1024 * 1024 + 2_000)
    for (const { bytes } of pages.slice(0, -1)) expect(bytes).toBeGreaterThanOrEqual(1024 * 1024)
    expect(pages.map(({ isEnd }) => isEnd)).toEqual(pages.map((page) => page === pages.at(-1)))
    expect(await reader.read(never)).toEqual({ lines: [], nextLine: 3_000, isEnd: true, bytes: 0 })
  })

  it('gives no line before the whole file has been compared with its MD5', async () => {
    const { store, written, read } = await setUp(planOf([items(200)]), options)
    const [location = written.manifest] = written.files
    const bytes = Uint8Array.from(store.peek(location) ?? [])
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1
    await store.put(location, bytes)
    await using reader = read()
    const refusal = await refusalOf(reader.read(never))
    expect(refusal.code).toBe('EXPORT_INVALID')
    expect(refusal.message).toContain(`${location.key}: its MD5 is`)
  })

  it('reads again what a broken connection cut off, and gives no line twice', async () => {
    const { store, written, read, events } = await setUp(planOf([items(3_000, 1_000)]), options)
    const [location = written.manifest] = written.files
    await using reader = read()
    store.breakAfter(location, 5_000)
    const lines: unknown[] = []
    for (let isEnd = false; !isEnd;) {
      const page = await reader.read(never)
      lines.push(...page.lines)
      isEnd = page.isEnd
    }
    expect(lines).toEqual(written.lines[0])
    expect(events).toEqual([expect.objectContaining({ kind: 'retried', action: 'GetObject', code: 'AWS_RESPONSE' })])
  })

  it.each([
    ['no byte', 'no-bytes'],
    ['an empty gzip', 'gzip'],
  ] as const)('takes a file of %s', async (_name, emptyFiles) => {
    const { read } = await setUp(planOf([[], items(1)], { emptyFiles }), options)
    await using reader = read()
    expect(await reader.read(never)).toEqual({ lines: [], nextLine: 0, isEnd: true, bytes: 0 })
  })

  const line = `${JSON.stringify({ Item: { id: { S: 'secret' } } })}\n`
  const whole = gzipSync(line.repeat(5_000))
  it.each([
    ['a gzip that ends early', whole.subarray(0, whole.length - 9), 5_000, 'its gzip ends early'],
    ['something else than a gzip', Buffer.from(line), 1, 'it is no sound gzip (Z_DATA_ERROR)'],
    ['no byte, but items', new Uint8Array(0), 2, 'it ends behind line 0, the manifest says 2 lines'],
    ['too few lines', gzipSync(line.repeat(3)), 4, 'it ends behind line 3, the manifest says 4 lines'],
    ['too many lines', gzipSync(line.repeat(5)), 4, 'it has more than the 4 lines of the manifest'],
    ['lines, but no items', gzipSync(line), 0, 'it has more than the 0 lines of the manifest'],
    [
      'a second gzip with more lines',
      Buffer.concat([gzipSync(line), gzipSync(line)]),
      1,
      'it has more than the 1 lines',
    ],
    ['an empty line', gzipSync(`${line}\n${line}`), 3, 'line 2: it is not JSON'],
    ['a line that is cut off', gzipSync(`${line}{"Item":{"id":{"S":"sec`), 2, 'line 2: it is not JSON'],
    ['a line that is no object', gzipSync(`${line}"secret"\n`), 2, 'line 2: it is not a JSON object'],
    ['a line without an item', gzipSync(`${line}{"Keys":{}}\n`), 2, 'line 2: it has no Item'],
  ])('refuses a file with the right MD5, but with %s', async (_name, bytes, itemCount, problem) => {
    const damage = (store: MemoryObjectStore, written: WrittenExport): Promise<void> =>
      replaceFile(store, written, { index: 0, bytes, itemCount })
    const { read, written } = await setUp(planOf([items(2)]), { ...options, damage })
    await using reader = read()
    const refusal = await refusalOf(readToEnd(reader, never))
    expect(refusal.code).toBe('EXPORT_INVALID')
    expect(refusal.message).toContain(`s3://exports/${written.files[0]?.key}: ${problem}`)
    expect(refusal.message).not.toContain('secret')
  })

  it('takes a last line that is not ended', async () => {
    const damage = (store: MemoryObjectStore, written: WrittenExport): Promise<void> =>
      replaceFile(store, written, { index: 0, bytes: gzipSync(line + line.trimEnd()), itemCount: 2 })
    const { read } = await setUp(planOf([[]]), { ...options, damage })
    await using reader = read()
    expect((await readToEnd(reader, never)).lines).toEqual([
      { Item: { id: { S: 'secret' } } },
      { Item: { id: { S: 'secret' } } },
    ])
  })

  it('says that a file is not there', async () => {
    const { store, written, read } = await setUp(planOf([items(2)]), options)
    const [location = written.manifest] = written.files
    store.remove(location)
    await using reader = read()
    expect(await refusalOf(reader.read(never))).toEqual({
      code: 'EXPORT_MISSING',
      message: expect.stringContaining(location.key),
    })
  })

  it('refuses a position behind the end', async () => {
    const { read } = await setUp(planOf([items(2)]), options)
    await using reader = read(0, 3)
    expect((await refusalOf(reader.read(never))).message).toContain('it has 2 lines, but 3 were read before')
  })

  it('never asks for a file that the manifest does not name', async () => {
    const { store, written, read } = await setUp(planOf([items(2)]), options)
    await store.put({ bucket: 'exports', key: `${written.files[0]?.key}.more` }, gzipSync('{}\n'))
    await using reader = read()
    expect((await readToEnd(reader, never)).lines).toHaveLength(2)
  })

  it('stops when it is told to, and goes on with another signal', async () => {
    const { written, read } = await setUp(planOf([items(3_000, 1_000)]), options)
    await using reader = read()
    const first = await reader.read(never)
    const stop = new AbortController()
    const stopped = reader.read(stop.signal)
    stop.abort(new Error('enough'))
    await expect(stopped).rejects.toThrow('enough')
    const { lines } = await readToEnd(reader, never)
    expect([...first.lines, ...lines]).toEqual(written.lines[0])
  })
})

describe('a small data file with very much text', () => {
  it('is decompressed piece by piece', async () => {
    const text = `${JSON.stringify({ Item: { id: { S: 'x'.repeat(1_000) } } })}\n`.repeat(40_000)
    const damage = (store: MemoryObjectStore, written: WrittenExport): Promise<void> =>
      replaceFile(store, written, { index: 0, bytes: gzipSync(text), itemCount: 40_000 })
    const { read } = await setUp(planOf([[]]), { damage })
    await using reader = read()
    let page = await reader.read(never)
    while (!page.isEnd) page = await reader.read(never)
    expect(page.nextLine).toBe(40_000)
  })

  it('is refused when it has a line of more than 32 MiB', async () => {
    const bytes = gzipSync(Buffer.alloc(40 * 1024 * 1024, '"'))
    const damage = (store: MemoryObjectStore, written: WrittenExport): Promise<void> =>
      replaceFile(store, written, { index: 0, bytes, itemCount: 1 })
    const { read } = await setUp(planOf([[]]), { damage })
    await using reader = read()
    expect((await refusalOf(reader.read(never))).message).toContain('a line is longer than 33554432 bytes')
  })
})

describe('a data file that is read twice', () => {
  it('is the same object both times', async () => {
    const { store, written, read } = await setUp(planOf([items(200)]), { maxHeldBytes: 0 })
    await using reader = read()
    await readToEnd(reader, never)
    const gets = store.gets.filter(({ key }) => key === written.files[0]?.key)
    expect(gets).toEqual([
      { key: written.files[0]?.key, ifMatch: undefined },
      { key: written.files[0]?.key, ifMatch: expect.stringContaining('"') },
    ])
  })

  it('goes on behind the last line when the second reading breaks off, without a third', async () => {
    const { store, written, read, events } = await setUp(planOf([items(3_000, 1_000)]), { maxHeldBytes: 0 })
    const [location = written.manifest] = written.files
    await using reader = read()
    store.breakAfter(location, 1_500_000, 1)
    const { lines, pages } = await readToEnd(reader, never)
    expect(lines).toEqual(written.lines[0])
    expect(pages.length).toBeGreaterThan(2)
    expect(events).toHaveLength(1)
    expect(store.gets.filter(({ key }) => key === location.key).map(({ ifMatch }) => ifMatch !== undefined)).toEqual([
      false,
      true,
      true,
    ])
  })

  it('is refused when it was replaced in between, and compared again', async () => {
    const { store, written, read } = await setUp(planOf([items(3_000, 1_000)]), { maxHeldBytes: 0 })
    const [location = written.manifest] = written.files
    const original = Uint8Array.from(store.peek(location) ?? [])
    await using reader = read()
    const first = await reader.read(never)
    await store.put(location, original)
    // What is under way is the old object; a connection that breaks finds the new one.
    const stop = new AbortController()
    const stopped = reader.read(stop.signal)
    stop.abort(new Error('broken off'))
    await expect(stopped).rejects.toThrow('broken off')
    expect((await refusalOf(reader.read(never))).message).toContain('it was replaced while it was read')
    const { lines } = await readToEnd(reader, never)
    expect([...first.lines, ...lines]).toEqual(written.lines[0])
  })
})
