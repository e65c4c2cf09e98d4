import { oversizeHeader, withHeaders } from './oversize-headers.ts'
import type { OversizeStep } from './oversize.ts'

/**
 * Leaves the image before a change out, which half of the bytes of an update are, and says so in a header. A delete keeps
 * the key attributes in its place. What has a value after the change keeps all of it.
 */
export function createDropBefore(): OversizeStep {
  return {
    shrink: async ({ withoutBefore, fits }) => {
      const records = withoutBefore().map((record) =>
        record.value === null
          ? record
          : { ...record, headers: withHeaders(record.headers, [[oversizeHeader, 'drop-before']]) },
      )
      return fits(records) ? { records, attachments: [] } : undefined
    },
  }
}
