import { compareSequenceNumbers, isSequenceNumber } from '../../change/sequence-number.ts'
import type { FetchedRecord, ProducerRecord } from '../../kafka/kafka.ts'
import { letterHeaders } from '../../rejection/letter-headers.ts'
import { headerOf } from '../../rejection/stored-letter.ts'

/** What a replayed letter would write, as far as it matters whether something newer is there already. */
export interface Claim {
  /** Records of one of its keys are about one item. */
  readonly records: readonly Pick<ProducerRecord, 'topic' | 'partition' | 'key'>[]
  /** The table's name. */
  readonly table: string
  /** Of a change of the stream that the table has now; undefined for all else, which is compared by time. */
  readonly sequenceNumber: string | undefined
  /** When the change was made, or the row read. Milliseconds. */
  readonly createdAtMs: number
  /** Times of the table's records are not rounded. Default: to the second. */
  readonly isTimeExact?: boolean
}

/** The output, read back. */
export interface OutputLog {
  /** The first offset with a record of that time or a later one, whatever stands behind it; undefined if there is none. */
  firstSince(topic: string, partition: number, timeMs: number, signal: AbortSignal): Promise<bigint | undefined>
  /** Committed records from an offset on, up to where the partition ends now; waits for open transactions. */
  read(topic: string, partition: number, from: bigint, signal: AbortSignal): AsyncIterable<readonly FetchedRecord[]>
}

/** DynamoDB rounds creation times down to the second, local servers to the minute. Milliseconds. */
const roundingMs = 1_000
const generousMs = 120_000

/**
 * The claims that would put an older state of an item behind a newer one. Each partition is read once, from the time of the
 * oldest claim on: what is newer than a claim was created later, and stands behind that offset wherever it was written.
 */
export async function supersededClaims(
  claims: readonly Claim[],
  log: OutputLog,
  signal: AbortSignal,
): Promise<ReadonlySet<Claim>> {
  const partitions = new Map<string, Watched>()
  for (const claim of claims) {
    for (const { topic, partition, key } of claim.records) {
      if (key === null) continue
      const place = `${topic}-${partition}`
      const watched = partitions.get(place) ?? { topic, partition, sinceMs: Infinity, keys: new Map<string, Claim[]>() }
      partitions.set(place, watched)
      watched.sinceMs = Math.min(watched.sinceMs, claim.createdAtMs - generousMs)
      const name = key.toString('latin1')
      const known = watched.keys.get(name) ?? []
      watched.keys.set(name, known)
      if (known.at(-1) !== claim) known.push(claim)
    }
  }
  const superseded = new Set<Claim>()
  for (const watched of partitions.values()) await compare(watched, superseded, log, signal)
  return superseded
}

interface Watched {
  readonly topic: string
  readonly partition: number
  sinceMs: number
  readonly keys: Map<string, Claim[]>
}

async function compare(
  { topic, partition, sinceMs, keys }: Watched,
  superseded: Set<Claim>,
  log: OutputLog,
  signal: AbortSignal,
): Promise<void> {
  const from = await log.firstSince(topic, partition, Math.max(0, Math.floor(sinceMs)), signal)
  if (from === undefined) return
  for await (const records of log.read(topic, partition, from, signal)) {
    for (const record of records) {
      const touched = record.key === null ? undefined : keys.get(record.key.toString('latin1'))
      for (const claim of touched?.filter((one) => supersedes(record, one)) ?? []) superseded.add(claim)
    }
  }
}

/** True if the record is as new as the claim, or newer. Where that cannot be told it counts as newer. */
export function supersedes(
  { headers, timestamp }: Pick<FetchedRecord, 'headers' | 'timestamp'>,
  { table, sequenceNumber, createdAtMs, isTimeExact = false }: Claim,
): boolean {
  const ofTable = headerOf(headers, letterHeaders.table)
  if (ofTable !== undefined && ofTable !== table) return false
  const position = headerOf(headers, letterHeaders.sequenceNumber)
  if (sequenceNumber === undefined) return timestamp >= createdAtMs - (isTimeExact ? 0 : roundingMs)
  if (position === undefined || !isSequenceNumber(position)) return timestamp >= createdAtMs
  return compareSequenceNumbers(position, sequenceNumber) >= 0
}
