import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import type { Item } from '../../src/change/attribute-value.ts'
import type { ObjectLocation } from '../../src/objects/objects.ts'
import type { ExportFormat } from '../../src/sources/table-export/table-exports.ts'
import { ionDecimal, ionStruct } from './ion-text.ts'

/** Where an export is written to: a store in memory, or S3. */
export type PutObject = (location: ObjectLocation, bytes: Uint8Array) => Promise<void>

/** What an incremental export says of one item. Neither image: a deletion, exported without old images. */
export interface ExportedChange {
  readonly writtenMicros: number
  readonly keys: Item
  readonly newImage?: Item
  readonly oldImage?: Item
}

/** An export as DynamoDB would have written it. */
export interface ExportPlan {
  readonly bucket: string
  /** With its slash, or empty. */
  readonly prefix?: string
  readonly exportId: string
  readonly tableArn: string
  readonly tableId: string
  readonly format: ExportFormat
  /** One element for each data file; an empty one makes a file without a line. */
  readonly content:
    | { readonly kind: 'full'; readonly timeMs: number; readonly files: readonly (readonly Item[])[] }
    | {
        readonly kind: 'incremental'
        readonly fromMs: number
        readonly toMs: number
        readonly files: readonly (readonly ExportedChange[])[]
      }
  /** How the checksum files of the manifests are called: `.md5` in real exports, `.checksum` in the documentation. */
  readonly checksums?: '.md5' | '.checksum' | 'none'
  /** How a file without lines is written. Default: a gzip of nothing. */
  readonly emptyFiles?: 'gzip' | 'no-bytes'
  /** How a JSON line writes the time of a change. Default: as an attribute value, as real exports do. */
  readonly times?: 'attribute' | 'text'
}

/** An export that was written. */
export interface WrittenExport {
  readonly manifest: ObjectLocation
  readonly fileList: ObjectLocation
  readonly files: readonly ObjectLocation[]
  readonly exportArn: string
  /** The lines that a reader must give, file by file. */
  readonly lines: readonly (readonly unknown[])[]
}

/** Writes the manifests, their checksums, the marker and the data files of an export, in AWS's layout. */
export async function writeExport(put: PutObject, plan: ExportPlan): Promise<WrittenExport> {
  const { bucket, content, exportId, format } = plan
  const root = `${plan.prefix ?? ''}AWSDynamoDB`
  // Increments share one folder of data files.
  const dataFolder = content.kind === 'full' ? `${root}/${exportId}/data` : `${root}/data`
  const at = (key: string): ObjectLocation => ({ bucket, key })
  await put(at(`${root}/${exportId}/_started`), new Uint8Array(0))

  const ending = format === 'ION' ? 'ion.gz' : 'json.gz'
  const texts = linesOf(plan)
  const files: ObjectLocation[] = []
  const entries: string[] = []
  for (const [index, lines] of texts.entries()) {
    const isBare = lines.length === 0 && plan.emptyFiles === 'no-bytes'
    const bytes = isBare ? Buffer.alloc(0) : gzipSync(lines.map((line) => `${line.text}\n`).join(''))
    const file = at(`${dataFolder}/${exportId.slice(-8)}${String(index).padStart(4, '0')}.${ending}`)
    await put(file, bytes)
    files.push(file)
    entries.push(
      JSON.stringify({
        itemCount: lines.length,
        md5Checksum: md5(bytes),
        etag: `${createHash('md5').update(bytes).digest('hex')}-1`,
        dataFileS3Key: file.key,
      }),
    )
  }

  const fileList = at(`${root}/${exportId}/manifest-files.json`)
  const manifest = at(`${root}/${exportId}/manifest-summary.json`)
  const exportArn = `${plan.tableArn}/export/${exportId}`
  const itemCount = texts.reduce((sum, lines) => sum + lines.length, 0)
  const summary = JSON.stringify(summaryOf(plan, { exportArn, itemCount, filesKey: fileList.key }))
  await putManifest(put, fileList, entries.map((line) => `${line}\n`).join(''), plan.checksums)
  await putManifest(put, manifest, summary, plan.checksums)
  return { manifest, fileList, files, exportArn, lines: texts.map((lines) => lines.map(({ value }) => value)) }
}

/** Writes a manifest with its checksum file, also in place of an earlier one. */
export async function putManifest(
  put: PutObject,
  location: ObjectLocation,
  text: string,
  checksums: ExportPlan['checksums'] = '.md5',
): Promise<void> {
  const bytes = Buffer.from(text)
  await put(location, bytes)
  if (checksums === 'none') return
  const key = location.key.replace(/\.json$/, checksums)
  await put({ bucket: location.bucket, key }, Buffer.from(md5(bytes)))
}

interface WrittenLine {
  readonly text: string
  readonly value: unknown
}

function linesOf({ content, format, times = 'attribute' }: ExportPlan): readonly (readonly WrittenLine[])[] {
  if (content.kind === 'full') {
    return content.files.map((items) =>
      items.map((item) => {
        const value = { Item: item }
        return { value, text: format === 'ION' ? `$ion_1_0 {Item:${ionStruct(item)}}` : JSON.stringify(value) }
      }),
    )
  }
  return content.files.map((changes) =>
    changes.map((change) => (format === 'ION' ? ionChange(change) : jsonChange(change, times))),
  )
}

function jsonChange(change: ExportedChange, times: 'attribute' | 'text'): WrittenLine {
  const micros = String(change.writtenMicros)
  const value = changeValue(change, times === 'text' ? micros : { N: micros })
  return { value, text: JSON.stringify(value) }
}

function ionChange(change: ExportedChange): WrittenLine {
  const { writtenMicros, keys, newImage, oldImage } = change
  const micros = String(writtenMicros)
  const members = [
    `Keys:${ionStruct(keys)}`,
    `Metadata:{WriteTimestampMicros:${ionDecimal(micros)}}`,
    ...(oldImage === undefined ? [] : [`OldImage:${ionStruct(oldImage)}`]),
    ...(newImage === undefined ? [] : [`NewImage:${ionStruct(newImage)}`]),
  ]
  return { value: changeValue(change, { N: micros }), text: `$ion_1_0 {Record:{${members.join(',')}}}` }
}

function changeValue({ keys, newImage, oldImage }: ExportedChange, written: unknown): unknown {
  return {
    Metadata: { WriteTimestampMicros: written },
    Keys: keys,
    ...(newImage === undefined ? {} : { NewImage: newImage }),
    ...(oldImage === undefined ? {} : { OldImage: oldImage }),
  }
}

function summaryOf(
  plan: ExportPlan,
  facts: { readonly exportArn: string; readonly itemCount: number; readonly filesKey: string },
): unknown {
  const { content } = plan
  const endMs = content.kind === 'full' ? content.timeMs : content.toMs
  return {
    version: content.kind === 'full' ? '2020-06-30' : '2023-08-01',
    exportArn: facts.exportArn,
    startTime: iso(endMs + 300_000),
    endTime: iso(endMs + 600_000),
    tableArn: plan.tableArn,
    tableId: plan.tableId,
    ...(content.kind === 'full'
      ? { exportTime: iso(content.timeMs) }
      : { exportFromTime: iso(content.fromMs), exportToTime: iso(content.toMs) }),
    s3Bucket: plan.bucket,
    s3Prefix: plan.prefix ?? null,
    s3SseAlgorithm: 'AES256',
    s3SseKmsKeyId: null,
    manifestFilesS3Key: facts.filesKey,
    billedSizeBytes: 0,
    itemCount: facts.itemCount,
    outputFormat: plan.format,
    ...(content.kind === 'full' ? {} : { outputView: 'NEW_AND_OLD_IMAGES', exportType: 'INCREMENTAL_EXPORT' }),
  }
}

function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('base64')
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
