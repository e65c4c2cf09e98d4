import { createHash } from 'node:crypto'
import { headerOf } from './header-of.ts'
import { RecordReaderError } from './reader-error.ts'

/** One part of a value. */
export interface Chunk {
  readonly id: string
  readonly index: number
  readonly count: number
  readonly bytes: number
  readonly sha256: string
  readonly value: Uint8Array
}

/** Where records of one order come from. */
export interface ChunkPlace {
  readonly topic?: string | undefined
  readonly partition?: number | undefined
  readonly offset?: string | number | bigint | undefined
}

/** Values of which some parts were read. */
export interface ChunkSets {
  /** The whole value if this part completes it. A part that was read already changes nothing. */
  add(chunk: Chunk, place: ChunkPlace): Buffer | undefined
  /** The offset of the first part of the oldest value that is not complete. */
  firstUnfinished(topic: string | undefined, partition: number | undefined): ChunkPlace['offset']
  /** Lets go of the parts of a partition. */
  forget(topic: string | undefined, partition: number | undefined): void
}

interface ChunkSet extends Omit<Chunk, 'index' | 'value'> {
  readonly parts: Map<number, Uint8Array>
  readonly order: string
  readonly offset: ChunkPlace['offset']
}

/** Ids of so many complete values are remembered: a writer without transactions may repeat their last parts. */
const remembered = 1_000

/** Keeps at most so many bytes of values that are not complete. */
export function createChunkSets(maxBytes: number): ChunkSets {
  const sets = new Map<string, ChunkSet>()
  const complete = new Set<string>()
  let held = 0

  const forget = (name: string): void => {
    for (const part of sets.get(name)?.parts.values() ?? []) held -= part.byteLength
    sets.delete(name)
  }
  const begin = (name: string, chunk: Chunk, place: ChunkPlace): ChunkSet => {
    forget(name)
    const { id, count, bytes, sha256 } = chunk
    const set = { id, count, bytes, sha256, parts: new Map(), order: orderOf(place), offset: place.offset }
    sets.set(name, set)
    return set
  }
  const setOf = (name: string, chunk: Chunk, place: ChunkPlace): ChunkSet | undefined => {
    const known = sets.get(name)
    if (known !== undefined && known.count === chunk.count && known.bytes === chunk.bytes) return known
    if (chunk.index === 0) return begin(name, chunk, place)
    if (complete.has(name)) return undefined
    const text = `part ${chunk.index} of ${chunk.count} of value ${chunk.id} came without those before it`
    throw new RecordReaderError('CHUNK_WITHOUT_BEGINNING', text)
  }
  return {
    add: (chunk, place) => {
      const name = `${orderOf(place)} ${chunk.id}`
      const set = setOf(name, chunk, place)
      if (set === undefined || set.parts.has(chunk.index)) return undefined
      set.parts.set(chunk.index, chunk.value)
      held += chunk.value.byteLength
      if (set.parts.size === set.count) {
        forget(name)
        complete.add(name)
        for (const oldest of complete) {
          if (complete.size <= remembered) break
          complete.delete(oldest)
        }
        return joined(set)
      }
      if (held > maxBytes)
        throw new RecordReaderError(
          'TOO_MUCH_UNFINISHED',
          `${sets.size} values are not complete and hold ${held} bytes`,
        )
      return undefined
    },
    firstUnfinished: (topic, partition) => {
      const order = orderOf({ topic, partition })
      for (const set of sets.values()) if (set.order === order) return set.offset
      return undefined
    },
    forget: (topic, partition) => {
      const order = orderOf({ topic, partition })
      for (const [name, set] of sets) if (set.order === order) forget(name)
    },
  }
}

/** The part that a record is; undefined if it is none. */
export function chunkOf(headers: unknown, value: Uint8Array | null | undefined): Chunk | undefined {
  const id = headerOf(headers, 'tailrace.chunk.id')
  if (id === undefined || value === null || value === undefined) return undefined
  const number = (name: string): number => Number(headerOf(headers, `tailrace.chunk.${name}`))
  const [index, count, bytes] = [number('index'), number('count'), number('bytes')]
  const sha256 = headerOf(headers, 'tailrace.chunk.sha256')
  const isSound = [index, count, bytes].every(Number.isSafeInteger) && index >= 0 && index < count
  if (!isSound || sha256 === undefined)
    throw new RecordReaderError('NOT_UNDERSTOOD', `part of value ${id} has headers that cannot be understood`)
  return { id, index, count, bytes, sha256, value }
}

/** The value itself if it is what somebody said of it. */
export function verified(
  value: Buffer,
  said: { readonly bytes: number; readonly sha256: string },
  what: string,
): Buffer {
  const sha256 = createHash('sha256').update(value).digest('hex')
  if (value.length !== said.bytes || sha256 !== said.sha256) {
    const text = `${what} has ${value.length} bytes with SHA-256 ${sha256}; ${said.bytes} bytes with ${said.sha256} were sent`
    throw new RecordReaderError('VALUE_DIFFERS', text)
  }
  return value
}

function joined(set: ChunkSet): Buffer {
  const parts = Array.from({ length: set.count }, (_, index) => set.parts.get(index) ?? new Uint8Array())
  return verified(Buffer.concat(parts), set, `value ${set.id} of ${set.count} parts`)
}

function orderOf({ topic = '', partition = 0 }: ChunkPlace): string {
  return `${topic}-${partition}`
}
