import type { DeliveredRecord, WrittenChange } from '../../src/oracle/oracle.ts'
import type { LedgerWrite } from '../servers/stream-simulator/write-ledger.ts'

/** One record of a topic with Debezium's envelopes; key and value as JSON says them. */
export interface OutputRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly key: unknown
  readonly value: unknown
  readonly shardId: string
  readonly sequenceNumber: string
}

const operations: ReadonlyMap<unknown, DeliveredRecord['operation']> = new Map([
  ['c', 'INSERT'],
  ['u', 'MODIFY'],
  ['d', 'REMOVE'],
])

/** The simulator's own record of its writes, which has positions and versions, and no images. */
export function writtenChanges(ledger: readonly LedgerWrite[]): readonly WrittenChange[] {
  return ledger.map(({ table, key, version, operation, shardId, sequenceNumber, writtenAtMs }) => ({
    table,
    key,
    version,
    operation,
    before: undefined,
    after: undefined,
    amount: 0,
    position: { shardId, sequenceNumber },
    writtenAtMs,
  }))
}

/** The changes among a topic's records, of a table whose only key attribute is the text `id`. They are known by position. */
export function deliveredRecords(table: string, output: readonly OutputRecord[]): readonly DeliveredRecord[] {
  return output
    .filter(({ value }) => value !== null)
    .map(({ topic, partition, offset, key, value, shardId, sequenceNumber }) => ({
      topic,
      partition,
      offset,
      table,
      key: JSON.stringify({ S: memberOf(key, 'id') }),
      version: undefined,
      operation: operations.get(memberOf(value, 'op')) ?? 'UNKNOWN',
      before: undefined,
      after: undefined,
      amount: 0,
      position: { shardId, sequenceNumber },
    }))
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, name)?.value : undefined
}
