/** How bytes of one schema are framed. */
export interface SchemaFrame {
  /** Sent with every record; undefined where the bytes say it. */
  readonly header: readonly [Buffer, Buffer] | undefined
  frame(payload: Buffer): Buffer
  /** The bytes inside; undefined if they are not framed so: another schema's are not. */
  unframe(framed: Buffer): Buffer | undefined
}
