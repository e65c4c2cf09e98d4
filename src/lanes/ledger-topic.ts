import type { Clock } from '../async/clock.ts'
import { awaitTopic, createCompactedTopic, shortLogConfig } from '../kafka/compacted-topic.ts'
import type { KafkaApi, NewTopic, TopicInfo } from '../kafka/kafka.ts'

/** A ledger's topic, as it is to be made. */
export interface LedgerTopic {
  readonly ledgerTopic: string
  readonly lanes: number
  /** -1 = the broker's default. */
  readonly replicationFactor: number
}

/** The ledger as a first start makes it: one partition for each lane. */
export function newLedger({ ledgerTopic, lanes, replicationFactor }: LedgerTopic): NewTopic {
  return { name: ledgerTopic, partitions: lanes, replicationFactor, config: shortLogConfig }
}

/**
 * Makes the ledger, or takes the one that another worker of the first start was quicker to make; `onMade` is called in the first case. Undefined
 * if it does not appear within ten seconds.
 */
export async function makeLedgerTopic(
  access: { readonly kafka: KafkaApi; readonly clock: Clock },
  ledger: LedgerTopic,
  onMade: () => void,
  signal: AbortSignal,
): Promise<TopicInfo | undefined> {
  if (await createCompactedTopic(access.kafka, newLedger(ledger), signal)) onMade()
  return await awaitTopic(access, ledger.ledgerTopic, signal)
}
