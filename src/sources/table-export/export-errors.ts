import { TailraceError } from '../../errors.ts'
import type { ObjectLocation } from '../../objects/objects.ts'
import type { ErrorCode } from '../../error-catalogue.ts'

/** EXPORT_INVALID about one object. `what` completes "<object>: …" and holds no item's values. */
export function invalidExport(location: ObjectLocation, what: string, cause?: unknown): TailraceError {
  return new TailraceError('EXPORT_INVALID', `s3://${location.bucket}/${location.key}: ${what}`, {
    details: { bucket: location.bucket, key: location.key, problem: what },
    ...(cause === undefined ? {} : { cause }),
  })
}

/** Turns the store's word that an object is not there into EXPORT_MISSING; other errors stay what they are. */
export function missingFromExport(error: unknown, location: ObjectLocation): unknown {
  if (!isCode(error, 'OBJECT_MISSING') && !isCode(error, 'BUCKET_MISSING')) return error
  const message = `s3://${location.bucket}/${location.key} is not there, although the export needs it`
  return new TailraceError('EXPORT_MISSING', message, { cause: error, details: { ...location } })
}

/** True for an error of ours with this code. */
export function isCode(error: unknown, code: ErrorCode): boolean {
  return error instanceof TailraceError && error.code === code
}
