import { createHash } from 'node:crypto'
import { TailraceError } from '../../src/errors.ts'
import type { ObjectLocation, ObjectStore } from '../../src/objects/objects.ts'

/** Objects in memory, given out in small pieces, for tests and simulated worlds: no timer and no socket is behind it. */
export interface MemoryObjectStore extends ObjectStore {
  /** Puts an object, or another one in its place, which then has another etag. */
  put(location: ObjectLocation, bytes: Uint8Array): Promise<void>
  remove(location: ObjectLocation): void
  /** What is there; undefined if nothing is. */
  peek(location: ObjectLocation): Uint8Array | undefined
  /**
   * A body of this object breaks after so many bytes, as a connection does: the next one, or one that comes `skip` bodies
   * later.
   */
  breakAfter(location: ObjectLocation, bytes: number, skip?: number): void
  /** Every `get` so far, in order. */
  readonly gets: readonly { readonly key: string; readonly ifMatch: string | undefined }[]
}

interface MemoryObject {
  readonly bytes: Uint8Array
  readonly etag: string
}

/** A store without a bucket; a bucket exists as soon as something is put into it. */
export function createMemoryObjectStore(pieceBytes = 700): MemoryObjectStore {
  const objects = new Map<string, MemoryObject>()
  const buckets = new Set<string>()
  const breaks = new Map<string, { readonly bytes: number; readonly skip: number }>()
  const gets: { readonly key: string; readonly ifMatch: string | undefined }[] = []
  let version = 0
  return {
    gets,
    put: async (location, bytes) => {
      version++
      buckets.add(location.bucket)
      // S3 gives the same etag to the same bytes, but not to the same bytes in other parts.
      const etag = `"${createHash('md5').update(bytes).digest('hex')}-${version}"`
      objects.set(nameOf(location), { bytes: Uint8Array.from(bytes), etag })
    },
    remove: (location) => void objects.delete(nameOf(location)),
    peek: (location) => objects.get(nameOf(location))?.bytes,
    breakAfter: (location, bytes, skip = 0) => void breaks.set(nameOf(location), { bytes, skip }),
    get: async (location, { ifMatch }, signal) => {
      signal.throwIfAborted()
      gets.push({ key: location.key, ifMatch })
      const name = nameOf(location)
      const object = objects.get(name)
      if (object === undefined) {
        const code = buckets.has(location.bucket) ? 'OBJECT_MISSING' : 'BUCKET_MISSING'
        throw new TailraceError(code, `there is no ${name}`)
      }
      const { bytes, etag } = object
      if (ifMatch !== undefined && ifMatch !== etag) throw new TailraceError('OBJECT_CHANGED', `${name} has changed`)
      const planned = breaks.get(name)
      const brokenAt = planned?.skip === 0 ? planned.bytes : Number.POSITIVE_INFINITY
      if (planned !== undefined && planned.skip > 0) breaks.set(name, { ...planned, skip: planned.skip - 1 })
      else breaks.delete(name)
      return { etag, size: bytes.length, body: piecesOf(bytes, { pieceBytes, brokenAt, signal }) }
    },
  }
}

async function* piecesOf(
  bytes: Uint8Array,
  how: { readonly pieceBytes: number; readonly brokenAt: number; readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array> {
  const end = Math.min(bytes.length, how.brokenAt)
  for (let at = 0; at < end; at += how.pieceBytes) {
    how.signal.throwIfAborted()
    yield bytes.subarray(at, Math.min(at + how.pieceBytes, end))
  }
  if (how.brokenAt <= bytes.length) throw new TailraceError('AWS_RESPONSE', 'the answer was cut off')
}

function nameOf({ bucket, key }: ObjectLocation): string {
  return `s3://${bucket}/${key}`
}
