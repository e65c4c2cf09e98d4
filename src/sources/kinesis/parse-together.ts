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

/** Records that lie in one buffer as they are read: where each begins and ends. */
interface Layout {
  readonly whole: Buffer
  readonly places: readonly (readonly [start: number, end: number])[]
}

/** By the memory that records share. */
const layouts = new WeakMap<ArrayBufferLike, Layout>()

/**
 * The bytes of records that came as base64, laid out so that `objectsIn` need not copy them. They share their memory with those
 * beside them: whoever keeps one for long keeps a copy of it.
 */
export function decodeTogether(texts: readonly string[]): readonly Buffer[] {
  const records: Buffer[] = []
  let from = 0
  let bytes = 0
  for (const [at, text] of texts.entries()) {
    bytes += Buffer.byteLength(text, 'base64')
    if (bytes < mostBytes && at + 1 < texts.length) continue
    layOut(texts.slice(from, at + 1), bytes, records)
    from = at + 1
    bytes = 0
  }
  return records
}

function layOut(texts: readonly string[], bytes: number, records: Buffer[]): void {
  const room = Buffer.allocUnsafeSlow(bytes + (texts.length + 1) * dividerBytes.length)
  const places: [number, number][] = []
  let end = opening.copy(room)
  for (const [at, text] of texts.entries()) {
    if (at > 0) end += dividerBytes.copy(room, end)
    const start = end
    end += room.write(text, start, 'base64')
    places.push([start, end])
    records.push(room.subarray(start, end))
  }
  end += closing.copy(room, end)
  layouts.set(room.buffer, { whole: room.subarray(0, end), places })
}

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
  for (let at = 0; at < records.length; at++) {
    const laidOut = laidOutFrom(records, at)
    if (laidOut !== undefined) {
      flush()
      for (const object of laidOut) objects.push(object)
      at += laidOut.length - 1
      continue
    }
    const data = records[at] ?? nothing
    batch.push(data)
    bytes += data.length
    if (bytes >= mostBytes) flush()
  }
  flush()
  return objects
}

const nothing = Buffer.alloc(0)

/** The objects of a whole layout whose records stand from here on; undefined where none does, or not all of it are objects. */
function laidOutFrom(records: readonly Buffer[], from: number): readonly JsonObject[] | undefined {
  const first = records[from]
  // The first of a layout stands behind the bracket; all others are no beginnings.
  if (first?.byteOffset !== opening.length) return undefined
  const layout = layouts.get(first.buffer)
  if (layout === undefined) return undefined
  for (const [at, [start, end]] of layout.places.entries()) {
    const data = records[from + at]
    // Another view of the same bytes may be what was in a package.
    if (data?.buffer !== first.buffer || data.byteOffset !== start || data.length !== end - start) return undefined
    if (data[0] !== openingBrace) return undefined
  }
  return objectsOf(layout.whole, layout.places.length)
}

/** Undefined unless all of them are objects. */
function together(records: readonly Buffer[]): readonly JsonObject[] | undefined {
  if (records.length < 2 || records.some((data) => data[0] !== openingBrace)) return undefined
  const parts = records.flatMap((data, at) => (at === 0 ? [opening, data] : [dividerBytes, data]))
  return objectsOf(Buffer.concat([...parts, closing]), records.length)
}

/** Of records in brackets, with dividers in between. */
function objectsOf(whole: Buffer, records: number): readonly JsonObject[] | undefined {
  const parsed = parsedOf(whole)
  if (!Array.isArray(parsed) || parsed.length !== records * 2 - 1) return undefined
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
