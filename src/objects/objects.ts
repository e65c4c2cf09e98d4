/** Where an object lies. */
export interface ObjectLocation {
  readonly bucket: string
  readonly key: string
}

/** Which state of an object is wanted. */
export interface GetOptions {
  /** Only the object with this etag, as `get` gave it; OBJECT_CHANGED if another one has taken its place. */
  readonly ifMatch?: string | undefined
}

/** An object whose bytes are still to be read. */
export interface StoredObject {
  /**
   * The bytes, once, in order, as fast as they are taken. Ends only after `size` bytes; a connection that breaks before
   * rejects with AWS_RESPONSE or AWS_UNREACHABLE, and whoever reads begins anew. Must be read to its end, or left (a
   * `for await` that is broken off does), or called off by the signal of `get`: else its connection stays open.
   */
  readonly body: AsyncIterable<Uint8Array>
  /** Names this state of the object. Opaque; not a checksum. */
  readonly etag: string
  /** Bytes of the body. */
  readonly size: number
}

/** Objects in buckets (S3 and what speaks like it). Reading only. */
export interface ObjectStore {
  /**
   * Begins to read an object. Throttles, server and network errors, missing permissions and credentials are waited out
   * until the object's headers have arrived. Throws OBJECT_MISSING, BUCKET_MISSING, OBJECT_CHANGED, OBJECT_REFUSED. The
   * signal ends the body, too.
   */
  get(location: ObjectLocation, options: GetOptions, signal: AbortSignal): Promise<StoredObject>
}
