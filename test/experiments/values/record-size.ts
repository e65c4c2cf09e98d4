import { decodeStreamRecord } from '../../../src/decode/decode-stream-record.ts'
import { createDebeziumEnvelope } from '../../../src/envelope/debezium-envelope.ts'
import { batchBytes, encodeRecordBatch } from '../../../src/kafka/record-batch-encoder.ts'
import type { Table } from '../../../src/change/table.ts'
import type { ChangePosition } from '../../../src/oracle/oracle.ts'
import { createJsonSerializer } from '../../../src/serialize/json-serializer.ts'
import type { SimulatedTable } from '../../servers/stream-simulator/simulated-table.ts'

/** How large the record of a change is. Bytes. */
export interface RecordSize {
  /** What the pipeline reckons with. */
  readonly reckoned: number
  /** The batch that holds this record alone: what the broker counts. */
  readonly sent: number
}

const serializer = createJsonSerializer({ numbers: 'exact', schemasEnable: false })

/** Of a change as it lies in the stream, as the pipeline `sim` writes it. */
export function recordSizeOf(simulated: SimulatedTable, position: ChangePosition, nowMs: number): RecordSize {
  const { shardId, sequenceNumber } = position
  const stored = simulated.stream.shard(shardId).records.find((record) => record.sequenceNumber === sequenceNumber)
  if (stored === undefined) throw new Error('the change is not in the stream')
  const table = tableOf(simulated)
  const options = { table, name: 'sim', connectorVersion: '0.0.0-sim', tombstonesOnDelete: true }
  const event = decodeStreamRecord(JSON.parse(stored.json), table, shardId)
  const topic = `sim.${simulated.name}`
  const records = serializer
    .serialize(createDebeziumEnvelope(options).wrap(event, nowMs))
    .map(({ key, value, headers }) => ({ topic, partition: 0, key, value, headers, timestamp: event.createdAtMs }))
  const header = { producerId: 1n, producerEpoch: 0, isTransactional: true, compression: 'none' } as const
  const batch = { topic, partition: 0, baseSequence: 0, records }
  const reckoned = batchBytes(records)
  return { reckoned, sent: encodeRecordBatch(batch, header).length }
}

function tableOf({ arn, name, id, keySchema, stream }: SimulatedTable): Table {
  const [, , , region = '', account = ''] = arn.split(':')
  return { arn, name, id, region, account, streamArn: stream.arn, viewType: stream.viewType, keySchema }
}
