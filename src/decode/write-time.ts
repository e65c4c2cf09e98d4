import { canonicalNumber } from '../change/attribute-number.ts'

/**
 * When an item of an incremental export was written last, from its line's `Metadata`. Microseconds since the epoch. The
 * service writes `WriteTimestampMicros` as text or as a number, and as an attribute value `{"N": …}`. Undefined if there
 * is no such time.
 */
export function writeTimeMicros(metadata: unknown): number | undefined {
  if (!isObject(metadata)) return undefined
  const written = metadata['WriteTimestampMicros']
  const value = isObject(written) ? written['N'] : written
  if (typeof value !== 'string' && typeof value !== 'number') return undefined
  const text = canonicalNumber(String(value))
  const micros = Number(text)
  return text !== undefined && Number.isSafeInteger(micros) && micros >= 0 ? micros : undefined
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
