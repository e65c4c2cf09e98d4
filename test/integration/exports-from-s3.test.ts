import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seededRng } from '../../src/async/rng.ts'
import type { Item } from '../../src/change/attribute-value.ts'
import type { ObjectLocation } from '../../src/objects/objects.ts'
import { refuseForeign, refuseOther } from '../../src/sources/table-export/export-checks.ts'
import type { TableExport, TableExports } from '../../src/sources/table-export/table-exports.ts'
import { writeTimeMicros } from '../../src/decode/write-time.ts'
import { readToEnd, refusalOf, setUpExports } from '../servers/export-setup.ts'
import { writeExport } from '../servers/export-writer.ts'
import type { ExportedChange, ExportPlan, WrittenExport } from '../servers/export-writer.ts'
import { startLocalS3 } from '../servers/local-s3.ts'
import type { LocalS3 } from '../servers/local-s3.ts'

const never = new AbortController().signal
const startMs = Date.UTC(2026, 4, 1)
const hourMs = 3_600_000
const table = { arn: 'arn:aws:dynamodb:eu-west-1:123456789012:table/orders', id: 'id-1' }

/** Items with values of every type; the text is noise, so that files do not shrink to nothing. */
function items(from: number, count: number): readonly Item[] {
  const rng = seededRng(from + 1)
  const noise = (): string => Array.from({ length: 60 }, () => rng.next().toString(36).slice(2)).join('')
  return Array.from({ length: count }, (_, index): Item => {
    const n = from + index
    return {
      id: { S: `item-${n}` },
      amount: { N: String(n * 1000) },
      exact: { N: '1234567890.1234567890123456789012345678' },
      tags: { SS: ['a', `t${n}`] },
      sizes: { NS: ['1', '2.5', String(n * 100)] },
      raw: { B: Buffer.from(`bytes ${n}`).toString('base64') },
      parts: { L: [{ BOOL: n % 2 === 0 }, { NULL: true }, { M: { "it's": { S: '"quoted" \\ and\nmore 😀' } } }] },
      text: { S: noise() },
    }
  })
}

function changes(files: readonly (readonly Item[])[]): readonly (readonly ExportedChange[])[] {
  return files.map((file) =>
    file.map((item, index) => ({
      writtenMicros: startMs * 1000 + index,
      keys: { id: item['id'] ?? { S: '' } },
      ...(index % 3 === 2 ? {} : { newImage: item }),
      ...(index % 3 === 0 ? {} : { oldImage: { ...item, text: { S: 'before' } } }),
    })),
  )
}

describe('exports in S3', () => {
  let s3: LocalS3
  let exportNumber = 0

  beforeAll(async () => {
    s3 = await startLocalS3('exports')
  })
  afterAll(() => s3[Symbol.asyncDispose]())

  function write(content: ExportPlan['content'], also: Partial<ExportPlan> = {}): Promise<WrittenExport> {
    const exportId = `0170000000${String(exportNumber++).padStart(4, '0')}-a1b2c3d4`
    const { arn: tableArn, id: tableId } = table
    const plan: ExportPlan = { bucket: s3.bucket, exportId, tableArn, tableId, format: 'DYNAMODB_JSON', content }
    return writeExport(s3.put, { prefix: 'nightly/', ...plan, ...also })
  }

  function exportsWith(maxHeldBytes?: number): TableExports {
    return setUpExports({ objects: s3.objects, ...(maxHeldBytes === undefined ? {} : { maxHeldBytes }) }).exports
  }

  async function readAll(exports: TableExports, tableExport: TableExport): Promise<readonly (readonly unknown[])[]> {
    const files: (readonly unknown[])[] = []
    for (const file of tableExport.files) {
      await using reader = exports.openFile(tableExport, file, 0)
      files.push((await readToEnd(reader, never)).lines)
    }
    return files
  }

  it.each([
    ['DYNAMODB_JSON', 'held', undefined],
    ['DYNAMODB_JSON', 'read twice', 0],
    ['ION', 'held', undefined],
    ['ION', 'read twice', 0],
  ] as const)('are read as they were written: %s, files %s', async (format, _, maxHeldBytes) => {
    const exports = exportsWith(maxHeldBytes)
    const full = await write(
      { kind: 'full', timeMs: startMs, files: [items(0, 2_000), [], items(2_000, 5)] },
      { format },
    )
    const files = changes([items(0, 300), items(7_000, 10)])
    const increment = await write({ kind: 'incremental', fromMs: startMs, toMs: startMs + hourMs, files }, { format })

    const [first, second] = [await exports.open(full.manifest, never), await exports.open(increment.manifest, never)]
    refuseForeign(first, table)
    refuseOther(second, { ...table, fromMs: startMs, toMs: startMs + hourMs })
    expect(await readAll(exports, first)).toEqual(full.lines)
    const read = await readAll(exports, second)
    expect(read).toEqual(increment.lines)
    const [change] = read[0] as readonly { readonly Metadata: unknown }[]
    expect(writeTimeMicros(change?.Metadata)).toBe(startMs * 1000)
  })

  it('are taken up behind any page', async () => {
    const exports = exportsWith()
    const { manifest, lines } = await write({ kind: 'full', timeMs: startMs, files: [items(0, 3_000)] })
    const tableExport = await exports.open(manifest, never)
    const [file] = tableExport.files
    if (file === undefined) throw new Error('no file')
    const read: unknown[] = []
    for (let isEnd = false; !isEnd;) {
      await using reader = exports.openFile(tableExport, file, read.length)
      const page = await reader.read(never)
      read.push(...page.lines)
      isEnd = page.isEnd
    }
    expect(read).toEqual(lines[0])
  })

  it.each(['.checksum', 'none'] as const)(
    'may have manifests with checksum files %s, and files without a byte',
    async (checksums) => {
      const exports = exportsWith()
      const files = [[], items(0, 3)]
      const written = await write({ kind: 'full', timeMs: startMs, files }, { checksums, emptyFiles: 'no-bytes' })
      expect(await readAll(exports, await exports.open(written.manifest, never))).toEqual(written.lines)
    },
  )

  it('are refused when a file is cut off, replaced or absent, or the manifest is', async () => {
    const exports = exportsWith()
    const written = await write({ kind: 'full', timeMs: startMs, files: [items(0, 50), items(50, 50)] })
    const tableExport = await exports.open(written.manifest, never)
    const [first = written.manifest, second = written.manifest] = written.files
    const readFirst = async (): Promise<unknown> => (await readAll(exports, tableExport))[0]
    await s3.put(first, await bytesOf(second))
    expect(await refusalOf(readFirst())).toMatchObject({
      code: 'EXPORT_INVALID',
      message: expect.stringContaining('its MD5'),
    })
    await s3.put(first, (await bytesOf(first)).subarray(0, 900))
    expect(await refusalOf(readFirst())).toMatchObject({
      code: 'EXPORT_INVALID',
      message: expect.stringContaining('its MD5'),
    })
    const absent = { ...tableExport, files: tableExport.files.map((file) => ({ ...file, key: `${file.key}.gone` })) }
    expect((await refusalOf(readAll(exports, absent))).code).toBe('EXPORT_MISSING')
    await s3.put(written.manifest, Buffer.from('{}'))
    expect((await refusalOf(exports.open(written.manifest, never))).code).toBe('EXPORT_INVALID')
    const nowhere = { bucket: 'no-such-bucket', key: written.manifest.key }
    expect((await refusalOf(exports.open(nowhere, never))).code).toBe('EXPORT_MISSING')
  })

  it('are only read from the object that was compared with the manifest', async () => {
    const location: ObjectLocation = { bucket: s3.bucket, key: 'one/object' }
    await s3.put(location, Buffer.from('first'))
    const { etag, body } = await s3.objects.get(location, {}, never)
    for await (const piece of body) expect(Buffer.from(piece).toString()).toBe('first')
    expect((await bytesOf(location, etag)).toString()).toBe('first')
    await s3.put(location, Buffer.from('second'))
    expect((await refusalOf(s3.objects.get(location, { ifMatch: etag }, never))).code).toBe('OBJECT_CHANGED')
  })

  async function bytesOf(location: ObjectLocation, ifMatch?: string): Promise<Buffer> {
    const { body } = await s3.objects.get(location, { ifMatch }, never)
    const pieces: Uint8Array[] = []
    for await (const piece of body) pieces.push(piece)
    return Buffer.concat(pieces)
  }
})
