import { TailraceError } from '../errors.ts'
import type { SerializedRecord } from '../serialize/serializer.ts'
import { oversizeHeader, withHeaders } from './oversize-headers.ts'
import type { OversizedChange, OversizeStep } from './oversize.ts'

/**
 * Leaves the image before a change out, which half of the bytes of an update are, and says so in a header. A delete keeps
 * the key attributes in its place. What has a value after the change keeps all of it.
 */
export function createDropBefore(): OversizeStep {
  return {
    shrink: async (change) => {
      const short = shortened(change)
      if (short === undefined || !change.fits(short)) return undefined
      return { records: short, attachments: [] }
    },
  }
}

/** Undefined if it cannot be had, or would be another record: transforms may need what was left out. */
function shortened({ withoutBefore, records }: OversizedChange): readonly SerializedRecord[] | undefined {
  const short = tried(withoutBefore)
  const isSame = (record: SerializedRecord, at: number): boolean =>
    records[at] !== undefined && record.key.equals(records[at].key) && record.topic === records[at].topic
  if (short?.length !== records.length || !short.every(isSame)) return undefined
  return short.map((record) =>
    record.value === null
      ? record
      : { ...record, headers: withHeaders(record.headers, [[oversizeHeader, 'drop-before']]) },
  )
}

function tried(withoutBefore: OversizedChange['withoutBefore']): readonly SerializedRecord[] | undefined {
  try {
    return withoutBefore()
  } catch (error) {
    if (error instanceof TailraceError && error.policy === 'stop-table') return undefined
    throw error
  }
}
