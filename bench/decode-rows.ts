import { parseJson } from '../src/aws/exact-json.ts'
import type { Table } from '../src/change/table.ts'
import { createDebeziumEnvelope } from '../src/envelope/debezium-envelope.ts'
import { createRecordStages } from '../src/hosts/stages/record-stages.ts'
import type { ProducerRecord } from '../src/kafka/kafka.ts'
import type { TableEntry } from '../src/lanes/ledger-entry.ts'
import { createJsonSerializer } from '../src/serialize/json-serializer.ts'

/** Where records of the suite `decode` would go. */
export const decodeTopic = 'bench.orders'
export const decodePartitions = 4

const arn = 'arn:aws:dynamodb:us-east-1:123456789012:table/orders'
const table: Table = {
  arn,
  name: 'orders',
  id: '8f1c3f3c-6f6b-4b57-9a0e-0d0f3b1f6a11',
  region: 'us-east-1',
  account: '123456789012',
  streamArn: `${arn}/stream/2026-11-20T08:00:00.000`,
  viewType: 'NEW_AND_OLD_IMAGES',
  keySchema: [
    { name: 'customer', type: 'S' },
    { name: 'order', type: 'S' },
  ],
}
const entry: TableEntry = {
  kind: 'table',
  version: 1,
  table,
  topic: decodeTopic,
  topicId: 'bench',
  topicPartitions: decodePartitions,
  status: { kind: 'streaming' },
  notBeforeMs: undefined,
  homeLane: 0,
  run: 1,
  snapshot: undefined,
  settled: undefined,
}

const never = new AbortController().signal

/** From the body of a Scan's answer to Kafka records, with the product's own parts. */
export function createRowPath(): (body: Buffer) => Promise<readonly ProducerRecord[]> {
  const stages = createRecordStages({
    envelopeFor: () =>
      createDebeziumEnvelope({ table, name: 'bench', connectorVersion: '0.0.0', tombstonesOnDelete: true }),
    serializer: createJsonSerializer({ numbers: 'exact', schemasEnable: false }),
    name: 'bench',
  })
  return async (body) => {
    const { Items: items } = parseJson(body) as { readonly Items: readonly unknown[] }
    const { records, failure } = await stages.processRows(
      {
        table: entry,
        items,
        form: 'items',
        kind: 'initial',
        isFirst: false,
        isLast: false,
        readAtMs: 1_795_426_137_123,
        maxRecordBytes: 1_048_576,
        nowMs: 1_795_426_137_456,
        isDisplaced: () => false,
      },
      never,
    )
    if (failure !== undefined) throw failure
    return records
  }
}
