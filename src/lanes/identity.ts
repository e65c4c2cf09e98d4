import { TailraceError } from '../errors.ts'
import type { LaneState } from './lane-state.ts'
import type { IdentityEntry } from './ledger-entry.ts'

/**
 * Compares what the ledger says it is with what this worker expects. `outdated` = the ledger knows an older
 * configuration epoch, which this worker has to raise in every partition. Everything else that differs is thrown:
 * another pipeline, cluster or topic (LEDGER_FOREIGN), another number of lanes (LEDGER_LANES), another configuration of
 * the same epoch (CONFIG_CONFLICT), or a newer epoch than ours (CONFIG_OUTDATED).
 */
export function compareIdentity(found: IdentityEntry, ours: IdentityEntry): 'same' | 'outdated' {
  if (found.pipeline !== ours.pipeline) throw foreign('pipeline', found.pipeline, ours.pipeline)
  if (found.clusterId !== ours.clusterId) throw foreign('cluster', found.clusterId, ours.clusterId)
  if (found.topicId !== ours.topicId) throw foreign('topic id', found.topicId, ours.topicId)
  if (found.lanes !== ours.lanes) {
    throw new TailraceError(
      'LEDGER_LANES',
      `the ledger was made for ${found.lanes} lanes, the configuration says ${ours.lanes}`,
    )
  }
  if (found.epoch > ours.epoch) {
    throw new TailraceError(
      'CONFIG_OUTDATED',
      `the pipeline runs epoch ${found.epoch}; this worker has epoch ${ours.epoch}`,
    )
  }
  if (found.epoch === ours.epoch && found.fingerprint !== ours.fingerprint) {
    throw new TailraceError('CONFIG_CONFLICT', `the pipeline runs another configuration of epoch ${ours.epoch}`, {
      details: { ledger: found.fingerprint, ours: ours.fingerprint },
    })
  }
  return found.epoch < ours.epoch ? 'outdated' : 'same'
}

/**
 * The number of partitions that have no identity yet: all of them before a first start, none later; some, where a first
 * start without transactions was cut short before anything had begun. Throws LEDGER_LOST when one is missing although the
 * ledger holds tables or positions.
 */
export function countWithoutIdentity(ledgers: readonly LaneState[]): number {
  const without = ledgers.filter((ledger) => ledger.identity === undefined)
  const hasEntries = ledgers.some((ledger) => ledger.shards.size > 0 || ledger.tables.size > 0)
  if (without.length > 0 && hasEntries) {
    throw new TailraceError(
      'LEDGER_LOST',
      `${without.length} of ${ledgers.length} ledger partitions have lost their identity`,
    )
  }
  return without.length
}

function foreign(what: string, found: string, ours: string): TailraceError {
  return new TailraceError(
    'LEDGER_FOREIGN',
    `the ledger belongs to another ${what}: it says ${found}, this worker expects ${ours}`,
  )
}
