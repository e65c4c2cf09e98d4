import { judgeItems } from './judge-items.ts'
import { judgeLineage } from './judge-lineage.ts'
import { judgePresence } from './judge-presence.ts'
import { judgeReplays } from './judge-replays.ts'
import { judgeTables } from './judge-tables.ts'
import { judgeTransactions } from './judge-transactions.ts'
import { matchRecords } from './match-records.ts'
import type { Delivery, Findings } from './oracle.ts'
import { countAgain } from './second-count.ts'
import { createTally } from './tally.ts'

/**
 * Holds what was delivered against what was written. Takes time and memory in proportion to their number: ten million
 * records need about a minute, and less than 1 GB besides what they take up themselves. One fault may have several names:
 * a change that is lost in the middle of its item's history is also skipped by the next one, and miscounted.
 *
 * Throws if `written` contradicts itself: one version of an item twice, or one position twice.
 */
export function judgeDelivery(delivery: Delivery): Findings {
  const tally = createTally()
  const matches = matchRecords(delivery)
  judgePresence(delivery, matches, tally)
  judgeItems(delivery, matches, tally)
  const replayed = delivery.guarantee === 'at_least_once' ? judgeReplays(delivery, matches, tally) : 0
  judgeLineage(delivery, matches, tally)
  judgeTransactions(delivery, matches.shards, tally)
  judgeTables(delivery, matches, tally)
  for (const line of delivery.hangs ?? []) tally.add('hang', () => line)
  for (const line of countAgain(delivery)) tally.add('miscount', () => line)
  let delivered = 0
  for (const { operation } of delivery.delivered) if (operation !== 'SNAPSHOT' && operation !== 'VANISHED') delivered++
  return {
    written: delivery.written.length,
    delivered,
    anomalies: tally.anomalies,
    replayed,
    examples: tally.examples,
  }
}
