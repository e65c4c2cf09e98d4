import { chunkOf, createChunkSets, verified } from './chunk-sets.ts'
import type { ChunkPlace } from './chunk-sets.ts'
import { headerOf } from './header-of.ts'
import { RecordReaderError } from './reader-error.ts'

/** A record as a Kafka client gives it: kafkajs, platformatic, confluent's and others. */
export interface ReadRecord {
  readonly value?: Uint8Array | null | undefined
  /** An object, a Map or a list. */
  readonly headers?: unknown
}

/** Where a record was read, for clients that do not say it in the record. */
export interface RecordPlace extends ChunkPlace {}

/** Where a value lies. */
export interface ValueAddress {
  readonly bucket: string
  readonly key: string
  /** `s3://bucket/key`. */
  readonly uri: string
}

/** What a reader works with. */
export interface RecordReaderOptions {
  /** The bytes of an object. What it rejects with is passed on, and nothing is lost: the same record may be taken again. */
  readonly getObject: (address: ValueAddress) => Promise<Uint8Array>
  /** Bytes of values that are not complete, at most. Default: 256 MiB. */
  readonly maxUnfinishedBytes?: number
}

/** Makes whole records of those whose value was too large for one. */
export interface RecordReader {
  /**
   * A record as it was before it was made to fit: the same object if nothing was done to it, a copy with the whole value if
   * that was elsewhere or if this record completes it, undefined for a part that does not. To be called with all records
   * of a partition, in order, by a consumer that reads committed records only. Rejects with {@link RecordReaderError}.
   */
  take<R extends ReadRecord>(record: R, place?: RecordPlace): Promise<R | undefined>
  /**
   * The offset from which the partition must be read again after a restart: that of the first part of a value that is not
   * complete. Undefined if there is none, so that everything that was taken may be committed.
   */
  firstUnfinished(topic?: string, partition?: number): string | number | bigint | undefined
  /**
   * Lets go of what was read of a partition. To be called when it is assigned or taken away: another consumer may have read on
   * meanwhile, and its commits must not be set back to values that it has completed.
   */
  forget(topic?: string, partition?: number): void
}

/** Makes a reader; one serves all partitions of a consumer. */
export function createRecordReader({ getObject, maxUnfinishedBytes = 2 ** 28 }: RecordReaderOptions): RecordReader {
  const sets = createChunkSets(maxUnfinishedBytes)
  return {
    take: async (record, place = placeOf(record)) => {
      const chunk = chunkOf(record.headers, record.value)
      if (chunk !== undefined) {
        const value = sets.add(chunk, place)
        return value === undefined ? undefined : { ...record, value }
      }
      if (record.value === null || record.value === undefined) return record
      if (headerOf(record.headers, 'tailrace.claim.check') === undefined) return record
      const check = parseCheck(record.value)
      const bytes = Buffer.from(await getObject(check.address))
      return { ...record, value: verified(bytes, check, check.address.uri) }
    },
    firstUnfinished: (topic, partition) => sets.firstUnfinished(topic, partition),
    forget: (topic, partition) => sets.forget(topic, partition),
  }
}

function placeOf(record: object): RecordPlace {
  const { topic, partition, offset } = record as Readonly<Record<string, unknown>>
  return {
    topic: typeof topic === 'string' ? topic : undefined,
    partition: typeof partition === 'number' ? partition : undefined,
    offset: typeof offset === 'string' || typeof offset === 'number' || typeof offset === 'bigint' ? offset : undefined,
  }
}

function parseCheck(value: Uint8Array): {
  readonly address: ValueAddress
  readonly bytes: number
  readonly sha256: string
} {
  const check = parsed(value)
  const { uri, bytes, sha256 } = check
  const [, bucket, key] = typeof uri === 'string' ? (/^s3:\/\/([^/]+)\/(.+)$/s.exec(uri) ?? []) : []
  if (typeof uri !== 'string' || bucket === undefined || key === undefined)
    throw new RecordReaderError('NOT_UNDERSTOOD', 'a claim check has no address of an object')
  if (typeof bytes !== 'number' || typeof sha256 !== 'string')
    throw new RecordReaderError('NOT_UNDERSTOOD', `the claim check for ${uri} has no size or no checksum`)
  return { address: { uri, bucket, key }, bytes, sha256 }
}

function parsed(value: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const check: unknown = JSON.parse(Buffer.from(value).toString('utf8'))
    return typeof check === 'object' && check !== null ? { ...check } : {}
  } catch {
    throw new RecordReaderError('NOT_UNDERSTOOD', 'a claim check is no JSON')
  }
}
