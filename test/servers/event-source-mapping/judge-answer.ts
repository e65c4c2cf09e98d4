import { isJsonObject } from '../../../src/aws/json-object.ts'
import { compareSequenceNumbers } from '../../../src/change/sequence-number.ts'
import type { MappedRecord } from './mapped-stream.ts'

/** How far a function came, by its answer. */
export type Verdict =
  | { readonly kind: 'done' }
  /** All records before this one are done. */
  | { readonly kind: 'failed-from'; readonly index: number }
  /** An answer that AWS takes for a failure of the whole batch. */
  | { readonly kind: 'bad' }

/**
 * Reads `batchItemFailures`. Nothing, null, no list and an empty list are success; the lowest number counts; an identifier that is
 * empty, null, under another name or not of this batch fails all of it, and so does an answer that is no object.
 */
export function judgeAnswer(body: unknown, records: readonly MappedRecord[]): Verdict {
  if (body === undefined || body === null) return { kind: 'done' }
  if (!isJsonObject(body)) return { kind: 'bad' }
  const failures = body['batchItemFailures'] ?? []
  if (!Array.isArray(failures)) return { kind: 'bad' }
  let lowest: number | undefined
  for (const failure of failures) {
    const identifier: unknown = isJsonObject(failure) ? failure['itemIdentifier'] : undefined
    if (typeof identifier !== 'string' || !/^\d+$/.test(identifier)) return { kind: 'bad' }
    const index = records.findIndex(({ sequenceNumber }) => compareSequenceNumbers(sequenceNumber, identifier) === 0)
    if (index === -1) return { kind: 'bad' }
    lowest = Math.min(lowest ?? index, index)
  }
  return lowest === undefined ? { kind: 'done' } : { kind: 'failed-from', index: lowest }
}
