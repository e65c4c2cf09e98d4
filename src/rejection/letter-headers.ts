/** Names of the headers that dead letters and their markers have. Values are UTF-8 text. */
export const letterHeaders = {
  pipeline: 'tailrace.pipeline',
  table: 'tailrace.table',
  shard: 'tailrace.shard',
  sequenceNumber: 'tailrace.seq',
  /** Of a record of a Kinesis stream. */
  partitionKey: 'tailrace.partition.key',
  /** Creation time of the change, or when the row was read. ISO 8601. */
  created: 'tailrace.created',
  /** `initial` or `incremental`, of a row. */
  snapshot: 'tailrace.snapshot',
  code: 'tailrace.code',
  stage: 'tailrace.stage',
  /** How often this process has met the record so far; 1 the first time. */
  attempt: 'tailrace.attempt',
  /** When the letter was written. ISO 8601. */
  at: 'tailrace.at',
  /** Of a marker alone: what became of the letters with this key in front of it. */
  replayed: 'tailrace.dlq.replayed',
} as const

/** Headers of a value that was cut into several records; the same as those of oversized records. */
export const chunkHeaders = {
  id: 'tailrace.chunk.id',
  index: 'tailrace.chunk.index',
  count: 'tailrace.chunk.count',
  bytes: 'tailrace.chunk.bytes',
  sha256: 'tailrace.chunk.sha256',
} as const

/** A header with text as its value. */
export type Header = readonly [Buffer, Buffer]

/** Encodes a header. */
export function header(name: string, value: string): Header {
  return [Buffer.from(name), Buffer.from(value)]
}
