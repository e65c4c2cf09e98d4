import { randomUUID } from 'node:crypto'
import { parseJson } from '../../aws/exact-json.ts'
import { isJsonObject } from '../../aws/json-object.ts'
import type { JsonObject } from '../../aws/json-object.ts'

/** Bytes that are read as one text. */
const mostBytes = 1024 * 1024

/** Stands between two records. Nobody who writes records knows it, so none can pretend to be two, or to go on in the next. */
const divider = randomUUID()
const dividerBytes = Buffer.from(`,"${divider}",`)
const opening = Buffer.from('[')
const closing = Buffer.from(']')
const openingBrace = 0x7b

/**
 * The objects that records are the JSON of, in their places; undefined for one that is something else. They are read many at a
 * time, because V8 puts what it reads from a long text where it does not copy it about (it did so at twice the cost of
 * reading); the result is that of reading each by itself.
 */
export function objectsIn(records: readonly Buffer[]): readonly (JsonObject | undefined)[] {
  const objects: (JsonObject | undefined)[] = []
  let batch: Buffer[] = []
  let bytes = 0
  const flush = (): void => {
    for (const object of together(batch) ?? batch.map(objectIn)) objects.push(object)
    batch = []
    bytes = 0
  }
  for (const data of records) {
    batch.push(data)
    bytes += data.length
    if (bytes >= mostBytes) flush()
  }
  flush()
  return objects
}

/** Undefined unless all of them are objects. */
function together(records: readonly Buffer[]): readonly JsonObject[] | undefined {
  if (records.length < 2 || records.some((data) => data[0] !== openingBrace)) return undefined
  const parts = records.flatMap((data, at) => (at === 0 ? [opening, data] : [dividerBytes, data]))
  const parsed = parsedOf(Buffer.concat([...parts, closing]))
  if (!Array.isArray(parsed) || parsed.length !== records.length * 2 - 1) return undefined
  const objects: JsonObject[] = []
  for (const [at, value] of (parsed as readonly unknown[]).entries()) {
    if (at % 2 === 1 ? value !== divider : !isJsonObject(value)) return undefined
    if (isJsonObject(value)) objects.push(value)
  }
  return objects
}

function objectIn(data: Buffer): JsonObject | undefined {
  const parsed = data[0] === openingBrace ? parsedOf(data) : undefined
  return isJsonObject(parsed) ? parsed : undefined
}

function parsedOf(data: Buffer): unknown {
  try {
    return parseJson(data)
  } catch {
    return undefined
  }
}
