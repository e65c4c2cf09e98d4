import { createHash } from 'node:crypto'
import type { ObjectLocation } from '../../objects/objects.ts'
import { invalidExport, isCode } from './export-errors.ts'
import { readFileList, readSummary } from './export-manifest.ts'
import { readWhole } from './export-objects.ts'
import type { ExportReading } from './export-objects.ts'
import type { TableExport } from './table-exports.ts'

const maxSummaryBytes = 1024 * 1024
/** A line is about 250 bytes, and there is about one for each partition: this is for millions of them. */
const maxFileListBytes = 512 * 1024 * 1024
const maxChecksumBytes = 1024

/** `.checksum` is what the documentation says, `.md5` is what the service writes. */
const checksumEndings = ['.md5', '.checksum']

/** See `TableExports.open`. */
export async function openExport(
  reading: ExportReading,
  manifest: ObjectLocation,
  signal: AbortSignal,
): Promise<TableExport> {
  const summary = readSummary(await readChecked(reading, manifest, maxSummaryBytes, signal), manifest)
  const fileList = { bucket: manifest.bucket, key: summary.filesKey }
  const files = readFileList(await readChecked(reading, fileList, maxFileListBytes, signal), fileList)
  const listed = files.reduce((sum, { itemCount }) => sum + itemCount, 0)
  const { itemCount } = summary.content
  if (listed !== itemCount) {
    throw invalidExport(manifest, `its itemCount is ${itemCount}, but those of the files add up to ${listed}`)
  }
  return { ...summary.content, files }
}

/** A manifest, compared with whichever checksum files lie beside it. */
async function readChecked(
  reading: ExportReading,
  location: ObjectLocation,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const body = await readWhole(reading, location, maxBytes, signal)
  for (const ending of checksumEndings) {
    const beside = { bucket: location.bucket, key: location.key.replace(/\.json$/, '') + ending }
    const checksum = await readIfThere(reading, beside, signal)
    if (checksum !== undefined && !isChecksumOf(body, checksum)) {
      throw invalidExport(location, `its MD5 is not the one in ${beside.key}`)
    }
  }
  return body
}

async function readIfThere(
  reading: ExportReading,
  location: ObjectLocation,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  try {
    return await readWhole(reading, location, maxChecksumBytes, signal)
  } catch (error) {
    if (isCode(error, 'EXPORT_MISSING')) return undefined
    throw error
  }
}

/** The service writes base64; hexadecimal is what copies made by other tools have. */
function isChecksumOf(body: Buffer, checksum: Buffer): boolean {
  const text = checksum.toString('latin1').trim()
  const md5 = createHash('md5').update(body).digest()
  return text === md5.toString('base64') || text.toLowerCase() === md5.toString('hex')
}
