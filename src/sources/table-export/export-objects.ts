import { createHash } from 'node:crypto'
import { retryForever } from '../../aws/retry-forever.ts'
import type { ObjectLocation, ObjectStore, StoredObject } from '../../objects/objects.ts'
import { retryEvent } from '../source-event.ts'
import type { SourceContext } from '../source-context.ts'
import { invalidExport, missingFromExport } from './export-errors.ts'

/** What reading an export needs. */
export interface ExportReading {
  readonly context: SourceContext
  readonly objects: ObjectStore
  /** Data files up to this size are held while they are read; larger ones are read twice. Bytes as they are stored. */
  readonly maxHeldBytes: number
}

/** Repeats a whole read that broke in the middle of a body. */
export function readPatiently<T>(
  { context }: ExportReading,
  attempt: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const { clock, rng, retry: policy, giveUpOn, emit } = context
  const onRetry = (retry: Parameters<typeof retryEvent>[2]): void => emit(retryEvent('GetObject', {}, retry))
  return retryForever({ clock, rng, policy, giveUpOn, onRetry }, attempt, signal)
}

/** A small object as a whole. Throws EXPORT_MISSING, and EXPORT_INVALID if it is larger than `maxBytes`. */
export function readWhole(
  reading: ExportReading,
  location: ObjectLocation,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const attempt = async (): Promise<Buffer> => {
    try {
      return await gather(await reading.objects.get(location, {}, signal), maxBytes)
    } catch (error) {
      if (error instanceof RangeError)
        throw invalidExport(location, `it is larger than any such file (${maxBytes} bytes)`)
      throw missingFromExport(error, location)
    }
  }
  return readPatiently(reading, attempt, signal)
}

/** All bytes of an object in one buffer. Leaves the body, and throws a RangeError, if there are more than `maxBytes`. */
export async function gather({ body, size }: StoredObject, maxBytes: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(size > maxBytes ? 0 : size)
  let end = 0
  for await (const piece of body) {
    if (end + piece.byteLength > bytes.length) throw new RangeError(`more than ${bytes.length} bytes`)
    bytes.set(piece, end)
    end += piece.byteLength
  }
  return bytes.subarray(0, end)
}

/** The MD5 of some bytes, as the manifests write it: base64. */
export function md5Of(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('base64')
}
