import { createTransactionSessions } from '../../kafka/transaction-sessions.ts'
import { encodeEntry } from '../../lanes/ledger-codec.ts'
import type { RequestEntry } from '../../lanes/ledger-entry.ts'
import type { LedgerAccess } from './ledger-access.ts'

/**
 * Writes a request into lane 0's partition of the ledger, beside whoever owns it: without a transaction, since that lane's
 * transactional id is its owner's.
 */
export async function writeRequest(
  { config, kafka, clock, rng }: LedgerAccess,
  request: RequestEntry,
  signal: AbortSignal,
): Promise<void> {
  const { transactionTimeoutMs } = config.kafka
  const sessions = createTransactionSessions({ kafka, clock, rng, delivery: 'at_least_once', transactionTimeoutMs })
  await using session = await sessions.open(`request ${request.id}`, signal)
  const { key, value } = encodeEntry(request)
  const record = { topic: config.ledger.topic, partition: 0, key, value, headers: [], timestamp: clock.now() }
  await session.commit([[record]], signal)
}
