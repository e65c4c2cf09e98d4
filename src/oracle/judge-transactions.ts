import type { ChangePosition, Delivery, LoggedTransaction } from './oracle.ts'
import { textOfPlace } from './places.ts'
import { compareDigits, digitsOf } from './sequence-digits.ts'
import type { ShardHistories } from './shard-histories.ts'
import type { Tally } from './tally.ts'

/**
 * What the raw log tells: `aborted-read`, `hang` for each transaction that never ended, and, where records and positions
 * are committed together, `torn`.
 */
export function judgeTransactions(delivery: Delivery, shards: ShardHistories, tally: Tally): void {
  const { transactions, guarantee } = delivery
  if (transactions === undefined) return
  for (const { name, outcome } of transactions)
    if (outcome === 'open') tally.add('hang', () => `transaction ${name} has not ended`)
  judgeReads(delivery, transactions, tally)
  if (guarantee === 'exactly_once') judgeTears(transactions, isSilentStretch(delivery, shards), tally)
}

function judgeReads({ delivered }: Delivery, transactions: readonly LoggedTransaction[], tally: Tally): void {
  const topics = new Map<string, Map<number, Map<number, string>>>()
  for (const { name, outcome, records } of transactions) {
    if (outcome === 'commit') continue
    for (const { place } of records) {
      const partitions = topics.get(place.topic) ?? new Map<number, Map<number, string>>()
      topics.set(place.topic, partitions)
      const offsets = partitions.get(place.partition) ?? new Map<number, string>()
      partitions.set(place.partition, offsets)
      offsets.set(place.offset, name)
    }
  }
  if (topics.size === 0) return
  for (const place of delivered) {
    const name = topics.get(place.topic)?.get(place.partition)?.get(place.offset)
    if (name === undefined) continue
    tally.add('aborted-read', () => `record ${textOfPlace(place)} is of transaction ${name}, which did not commit`)
  }
}

/** True if every change behind `after` up to `upTo` needs no record, and the last of them is at `upTo`. Digits, not texts. */
type SilentStretch = (shardId: string, after: string | undefined, upTo: string) => boolean

/**
 * Each transaction must commit, for each of its shards, the position of its newest record. Without a record of the shard
 * it may say again what is committed. Positions may go on over changes that are named or stored, because those have no
 * record.
 */
function judgeTears(transactions: readonly LoggedTransaction[], isSilent: SilentStretch, tally: Tally): void {
  const committed = new Map<string, string>()
  for (const { name, outcome, records, positions } of transactions) {
    if (outcome !== 'commit') continue
    const written = newestOf(records.map(({ position }) => position))
    const claimed = newestOf(positions)
    for (const [shardId, newest] of written) {
      const claim = claimed.get(shardId)
      if (claim !== newest && !(claim !== undefined && isSilent(shardId, newest, claim)))
        tally.add(
          'torn',
          () => `transaction ${name}: records of ${shardId} up to ${newest}, position ${claim ?? 'none'}`,
        )
      raise(committed, shardId, newest)
    }
    for (const [shardId, claim] of claimed) {
      if (written.has(shardId)) continue
      const known = committed.get(shardId)
      const isOld = known !== undefined && compareDigits(claim, known) <= 0
      if (!isOld && !isSilent(shardId, known, claim))
        tally.add(
          'torn',
          () => `transaction ${name}: position ${claim} of ${shardId}, records up to ${known ?? 'none'}`,
        )
    }
  }
}

function isSilentStretch({ written, named, stored }: Delivery, shards: ShardHistories): SilentStretch {
  if (named === undefined && stored === undefined) return () => false
  return (shardId, after, upTo) => {
    const changes = shards.shards.get(shardId)
    const last = shards.countUpTo({ shardId, sequenceNumber: upTo }) - 1
    if (changes === undefined) return false
    const digitsAt = (rank: number): string => digitsOf(written[changes[rank] ?? -1]?.position?.sequenceNumber ?? '')
    if (digitsAt(last) !== upTo) return false
    for (let rank = last; rank >= 0; rank--) {
      const change = written[changes[rank] ?? -1]
      if (after !== undefined && compareDigits(digitsAt(rank), after) <= 0) break
      if (change === undefined || (named?.(change) !== true && stored?.(change) !== true)) return false
    }
    return after === undefined || compareDigits(upTo, after) > 0
  }
}

/** The greatest sequence number of each shard, as digits. */
function newestOf(positions: readonly ChangePosition[]): ReadonlyMap<string, string> {
  const newest = new Map<string, string>()
  for (const { shardId, sequenceNumber } of positions) raise(newest, shardId, digitsOf(sequenceNumber))
  return newest
}

function raise(newest: Map<string, string>, shardId: string, digits: string): void {
  const known = newest.get(shardId)
  if (known === undefined || compareDigits(known, digits) < 0) newest.set(shardId, digits)
}
