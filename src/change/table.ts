/** What a stream's records hold besides the keys. Fixed for the life of a stream. */
export type StreamViewType = 'KEYS_ONLY' | 'NEW_IMAGE' | 'OLD_IMAGE' | 'NEW_AND_OLD_IMAGES'

/** One attribute of a primary key. Hash key first, range key second. */
export interface KeyAttribute {
  readonly name: string
  readonly type: 'S' | 'N' | 'B'
}

/** A table and the stream of it that is being read. A recreated table has another id; a re-enabled stream another ARN. */
export interface Table {
  /**
   * Set for a Kinesis stream that stands where a table otherwise stands: name, id and ARN are the stream's, and its records
   * tell by themselves which table they are of. It has no key schema.
   */
  readonly isStream?: true
  readonly arn: string
  readonly name: string
  readonly id: string
  readonly region: string
  readonly account: string
  readonly streamArn: string
  readonly viewType: StreamViewType
  /** How long the stream keeps a change; absent where that is 24 hours, always. Milliseconds; may change at any time. */
  readonly retentionMs?: number | undefined
  /** In key-schema order: hash key, then range key. */
  readonly keySchema: readonly KeyAttribute[]
}
