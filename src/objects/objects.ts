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

/** Who the bucket must belong to. */
export interface OwnedOptions {
  /** An account; a bucket of another one is refused as if access were denied. Undefined means anybody. */
  readonly owner?: string | undefined
}

/** What is said of bytes that are written. */
export interface PutOptions extends OwnedOptions {
  /** Hexadecimal; the store compares it with what arrives. */
  readonly sha256: string
}

/** Objects in buckets (S3 and what speaks like it), for whoever reads them. */
export interface ObjectStore {
  /**
   * Begins to read an object. Throttles, server and network errors, missing permissions and credentials are waited out
   * until the object's headers have arrived. Throws OBJECT_MISSING, BUCKET_MISSING, OBJECT_CHANGED, OBJECT_REFUSED. The
   * signal ends the body, too.
   */
  get(location: ObjectLocation, options: GetOptions, signal: AbortSignal): Promise<StoredObject>
}

/** The same for whoever writes them. */
export interface ObjectWriter {
  /**
   * Writes an object, whole, or another one in its place. Throttles, server and network errors, missing permissions and
   * credentials are waited out, and it is written again. Throws BUCKET_MISSING, OBJECT_REFUSED. After a rejection it may be there or not.
   */
  put(location: ObjectLocation, bytes: Uint8Array, options: PutOptions, signal: AbortSignal): Promise<void>
  /** Takes an object away; one that is not there is no error. One attempt: rejects also with what would pass. */
  remove(location: ObjectLocation, options: OwnedOptions, signal: AbortSignal): Promise<void>
  /** The keys that begin with a location's key, in order: the first thousand. One attempt. */
  list(location: ObjectLocation, options: OwnedOptions, signal: AbortSignal): Promise<readonly string[]>
}
