import { createHash } from 'node:crypto'
import { TailraceError } from '../../src/errors.ts'
import type { ObjectLocation, ObjectWriter } from '../../src/objects/objects.ts'

/** A bucket in memory for whoever writes; no timer and no socket is behind it. */
export interface MemoryObjectWriter extends ObjectWriter {
  /** By key, of all buckets. */
  readonly objects: ReadonlyMap<string, Uint8Array>
  /** Uploads at this moment, and the most there ever were. */
  readonly uploads: { now: number; most: number }
  /** Waited for by each upload before it arrives. */
  onPut: (location: ObjectLocation, signal: AbortSignal) => Promise<void>
  /** Waited for by each removal and listing. */
  onTidy: () => Promise<void>
}

/** An empty one, which refuses bytes that are not what their checksum says. */
export function createMemoryObjectWriter(): MemoryObjectWriter {
  const objects = new Map<string, Uint8Array>()
  const uploads = { now: 0, most: 0 }
  const writer: MemoryObjectWriter = {
    objects,
    uploads,
    onPut: async () => {},
    onTidy: async () => {},
    put: async (location, bytes, { sha256 }, signal) => {
      uploads.now++
      uploads.most = Math.max(uploads.most, uploads.now)
      try {
        await writer.onPut(location, signal)
        signal.throwIfAborted()
        if (createHash('sha256').update(bytes).digest('hex') !== sha256)
          throw new TailraceError('OBJECT_REFUSED', 'the checksum is wrong')
        objects.set(location.key, Uint8Array.from(bytes))
      } finally {
        uploads.now--
      }
    },
    remove: async ({ key }) => {
      await writer.onTidy()
      objects.delete(key)
    },
    list: async ({ key }) => {
      await writer.onTidy()
      return [...objects.keys()].filter((name) => name.startsWith(key)).toSorted()
    },
  }
  return writer
}
