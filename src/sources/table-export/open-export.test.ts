import { describe, expect, it } from 'vitest'
import { changeFileList, changeSummary } from '../../../test/servers/export-damage.ts'
import { refusalOf, setUpExports } from '../../../test/servers/export-setup.ts'
import { writeExport } from '../../../test/servers/export-writer.ts'
import type { ExportPlan, WrittenExport } from '../../../test/servers/export-writer.ts'
import { createMemoryObjectStore } from '../../../test/servers/memory-object-store.ts'
import type { MemoryObjectStore } from '../../../test/servers/memory-object-store.ts'

const never = new AbortController().signal
const item = (id: string): { readonly id: { readonly S: string } } => ({ id: { S: id } })
const fullPlan: ExportPlan = {
  bucket: 'exports',
  prefix: 'orders/',
  exportId: '01700000000000-a1b2c3d4',
  tableArn: 'arn:aws:dynamodb:eu-west-1:123456789012:table/orders',
  tableId: '12345a12-abcd-123a-ab12-1234abc12345',
  format: 'DYNAMODB_JSON',
  content: { kind: 'full', timeMs: 1_700_000_000_028, files: [[item('a'), item('b')], [], [item('c')]] },
}
const incrementalPlan: ExportPlan = {
  ...fullPlan,
  content: {
    kind: 'incremental',
    fromMs: 1_700_000_000_000,
    toMs: 1_700_003_600_000,
    files: [[{ writtenMicros: 1_700_000_001_000_001, keys: item('a'), newImage: item('a') }]],
  },
}

interface Written {
  readonly store: MemoryObjectStore
  readonly written: WrittenExport
  readonly open: () => ReturnType<ReturnType<typeof setUpExports>['exports']['open']>
}

async function setUp(plan: ExportPlan = fullPlan): Promise<Written> {
  const store = createMemoryObjectStore()
  const written = await writeExport(store.put, plan)
  const { exports } = setUpExports({ objects: store })
  return { store, written, open: () => exports.open(written.manifest, never) }
}

describe('open', () => {
  it('tells what a full export is and which files it has, in their order', async () => {
    const { written, open } = await setUp()
    expect(await open()).toEqual({
      kind: 'full',
      exportArn: written.exportArn,
      tableArn: fullPlan.tableArn,
      tableId: fullPlan.tableId,
      exportTimeMs: 1_700_000_000_028,
      itemCount: 3,
      format: 'DYNAMODB_JSON',
      bucket: 'exports',
      files: written.files.map(({ key }, index) => ({
        key,
        itemCount: [2, 0, 1][index],
        md5Checksum: expect.stringMatching(/^.{22}==$/),
        etag: expect.stringMatching(/^[0-9a-f]{32}-1$/),
      })),
    })
  })

  it('tells the interval of an incremental one', async () => {
    const { open } = await setUp(incrementalPlan)
    expect(await open()).toMatchObject({
      kind: 'incremental',
      fromMs: 1_700_000_000_000,
      toMs: 1_700_003_600_000,
      view: 'NEW_AND_OLD_IMAGES',
      itemCount: 1,
    })
  })

  it.each(['NEW_IMAGE', 'NEW_IMAGES'])('knows the view without old images by the name %s', async (outputView) => {
    const { store, written, open } = await setUp(incrementalPlan)
    await changeSummary(store, written, (summary) => ({ ...summary, outputView }))
    expect(await open()).toMatchObject({ view: 'NEW_IMAGE' })
  })

  it('knows a full export of the newer version', async () => {
    const { store, written, open } = await setUp()
    await changeSummary(store, written, (summary) => ({ ...summary, version: '2023-08-01', exportType: 'FULL_EXPORT' }))
    expect(await open()).toMatchObject({ kind: 'full' })
  })

  it.each(['.md5', '.checksum', 'none'] as const)(
    'takes manifests with checksum files of the kind %s',
    async (checksums) => {
      const { open } = await setUp({ ...fullPlan, checksums })
      expect(await open()).toMatchObject({ itemCount: 3 })
    },
  )

  it('takes a checksum in hexadecimal', async () => {
    const { store, written, open } = await setUp({ ...fullPlan, checksums: 'none' })
    const { createHash } = await import('node:crypto')
    const hex = createHash('md5')
      .update(store.peek(written.manifest) ?? '')
      .digest('hex')
    await store.put({ bucket: 'exports', key: written.manifest.key.replace('.json', '.md5') }, Buffer.from(`${hex}\n`))
    expect(await open()).toMatchObject({ itemCount: 3 })
  })

  it.each(['manifest-summary.md5', 'manifest-summary.checksum', 'manifest-files.md5', 'manifest-files.checksum'])(
    'refuses a manifest that is not what %s says, also if another checksum file agrees',
    async (name) => {
      const { store, written, open } = await setUp()
      const key = written.manifest.key.replace('manifest-summary.json', name)
      await store.put({ bucket: 'exports', key }, Buffer.from('1B2M2Y8AsgTpgAmY7PhCfg=='))
      expect(await refusalOf(open())).toEqual({
        code: 'EXPORT_INVALID',
        message: expect.stringContaining(`its MD5 is not the one in ${key}`),
      })
    },
  )

  it('reads again what a broken connection cut off', async () => {
    const { store, written, open } = await setUp()
    store.breakAfter(written.manifest, 100)
    store.breakAfter(written.fileList, 0)
    expect(await open()).toMatchObject({ itemCount: 3 })
  })

  it.each(['manifest', 'fileList'] as const)('says that the %s is not there', async (which) => {
    const { store, written, open } = await setUp()
    store.remove(written[which])
    expect(await refusalOf(open())).toEqual({
      code: 'EXPORT_MISSING',
      message: expect.stringContaining(written[which].key),
    })
  })

  it('says that the bucket is not there', async () => {
    const { exports } = setUpExports({ objects: createMemoryObjectStore() })
    expect((await refusalOf(exports.open({ bucket: 'no', key: 'k' }, never))).code).toBe('EXPORT_MISSING')
  })

  it.each([
    ['version', '2031-01-01', 'its version is not known'],
    ['version', undefined, 'its version is not known'],
    ['outputFormat', 'PARQUET', 'its outputFormat is not known'],
    ['tableId', undefined, 'its tableId is not there'],
    ['tableArn', 7, 'its tableArn is not there'],
    ['exportArn', '', 'its exportArn is not there'],
    ['exportTime', 'yesterday', 'its exportTime is no time'],
    ['exportTime', '2026-01-02', 'its exportTime is no time'],
    ['exportType', 'PARTIAL_EXPORT', 'its exportType is not known'],
    ['itemCount', -1, 'its itemCount is no count'],
    ['itemCount', '3', 'its itemCount is no count'],
    ['itemCount', 4, 'its itemCount is 4, but those of the files add up to 3'],
    ['manifestFilesS3Key', null, 'its manifestFilesS3Key is not there'],
  ])('refuses a summary whose %s is %j', async (name, value, problem) => {
    const { store, written, open } = await setUp()
    await changeSummary(store, written, (summary) => ({ ...summary, [name]: value }))
    expect(await refusalOf(open())).toEqual({
      code: 'EXPORT_INVALID',
      message: `s3://exports/${written.manifest.key}: ${problem}`,
    })
  })

  it.each([
    ['exportFromTime', undefined, 'its exportFromTime is not there'],
    ['exportToTime', '2001-01-01T00:00:00Z', 'its exportToTime is not behind exportFromTime'],
    ['outputView', 'KEYS_ONLY', 'its outputView is not known'],
  ])('refuses the summary of an increment whose %s is %j', async (name, value, problem) => {
    const { store, written, open } = await setUp(incrementalPlan)
    await changeSummary(store, written, (summary) => ({ ...summary, [name]: value }))
    expect((await refusalOf(open())).message).toContain(problem)
  })

  it.each([
    ['a line that is no JSON', (text: string) => `${text}{"itemCount":\n`, 'line 4 is not JSON'],
    ['a line that is no object', (text: string) => `${text}[]\n`, 'line 4 is not a JSON object'],
    ['an empty line', (text: string) => `\n${text}`, 'line 1 is not JSON'],
    ['a file twice', (text: string) => text + text, 'a second time'],
    [
      'a file without its MD5',
      (text: string) => text.replace('md5Checksum', 'md5'),
      'line 1: its md5Checksum is not there',
    ],
    [
      'an MD5 in hexadecimal',
      (text: string) => text.replace(/"md5Checksum":"[^"]+"/, `"md5Checksum":"${'0'.repeat(32)}"`),
      'line 1: its md5Checksum is no MD5 in base64',
    ],
    [
      'a file without a count',
      (text: string) => text.replace('"itemCount":2', '"itemCount":2.5'),
      'line 1: its itemCount is no count',
    ],
    [
      'a file without a key',
      (text: string) => text.replace('dataFileS3Key', 'key'),
      'line 1: its dataFileS3Key is not there',
    ],
    ['one file less', (text: string) => text.slice(text.indexOf('\n') + 1), ''],
    ['nothing', () => '', ''],
  ])('refuses a list of files with %s', async (_, change, problem) => {
    const { store, written, open } = await setUp()
    await changeFileList(store, written, change)
    const refusal = await refusalOf(open())
    expect(refusal.code).toBe('EXPORT_INVALID')
    expect(refusal.message).toContain(problem === '' ? 'those of the files add up to' : problem)
  })

  it('refuses a summary that is no JSON, or far too long', async () => {
    const { store, written, open } = await setUp({ ...fullPlan, checksums: 'none' })
    await store.put(written.manifest, Buffer.from('<xml/>'))
    expect((await refusalOf(open())).message).toContain('it is not JSON')
    await store.put(written.manifest, Buffer.alloc(2 * 1024 * 1024, ' '))
    expect((await refusalOf(open())).message).toContain('larger than any such file')
  })

  it('stops when it is told to', async () => {
    const { written } = await setUp()
    const stop = new AbortController()
    const { exports } = setUpExports({
      objects: {
        get: (_, __, signal) =>
          new Promise((___, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
      },
    })
    const opened = exports.open(written.manifest, stop.signal)
    stop.abort(new Error('enough'))
    await expect(opened).rejects.toThrow('enough')
  })
})
