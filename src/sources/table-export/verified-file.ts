import { createHash } from 'node:crypto'
import type { ObjectLocation } from '../../objects/objects.ts'
import { invalidExport, missingFromExport } from './export-errors.ts'
import { gather, md5Of, readPatiently } from './export-objects.ts'
import type { ExportReading } from './export-objects.ts'
import { gunzip, gunzipAtOnce } from './gunzip.ts'
import type { ExportFile } from './table-exports.ts'

/** A data file whose bytes are the ones that the manifest means: in memory, or in the bucket under this etag. */
export type VerifiedFile =
  | { readonly kind: 'held'; readonly bytes: Buffer }
  | { readonly kind: 'pinned'; readonly etag: string }

/** Files up to this size are decompressed in one go. */
const maxBytesAtOnce = 1024 * 1024

/**
 * Reads a data file to its end and compares it with the manifest. A file of up to `maxHeldBytes` stays in memory, a
 * larger one is to be read again. Throws EXPORT_MISSING, EXPORT_INVALID.
 */
export function verifyFile(
  reading: ExportReading,
  location: ObjectLocation,
  file: ExportFile,
  signal: AbortSignal,
): Promise<VerifiedFile> {
  const attempt = async (): Promise<VerifiedFile> => {
    const object = await reading.objects.get(location, {}, signal).catch((error: unknown) => {
      throw missingFromExport(error, location)
    })
    const { size, etag } = object
    const bytes = size <= reading.maxHeldBytes ? await gather(object, size) : undefined
    const md5 = bytes === undefined ? await md5OfBody(object.body) : md5Of(bytes)
    if (md5 !== file.md5Checksum) {
      throw invalidExport(location, `its MD5 is ${md5} (${size} bytes), the manifest's is ${file.md5Checksum}`)
    }
    return bytes === undefined ? { kind: 'pinned', etag } : { kind: 'held', bytes }
  }
  return readPatiently(reading, attempt, signal)
}

/**
 * The text of a verified file. Throws OBJECT_CHANGED if a pinned one is not the same any more.
 *
 * @yields Pieces: of any size if the file is small, else of at most 128 KiB.
 */
export async function* textOf(
  file: VerifiedFile,
  { objects }: ExportReading,
  location: ObjectLocation,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  if (file.kind === 'pinned') {
    const { body } = await objects.get(location, { ifMatch: file.etag }, signal)
    yield* gunzip(body)
    return
  }
  // A partition without items may have a file without a byte.
  if (file.bytes.length === 0) return
  const text = file.bytes.length <= maxBytesAtOnce ? gunzipAtOnce(file.bytes) : undefined
  if (text === undefined) yield* gunzip(onePiece(file.bytes))
  else yield text
}

async function* onePiece(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes
}

async function md5OfBody(body: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('md5')
  for await (const piece of body) hash.update(piece)
  return hash.digest('base64')
}
