import { stagesOf } from '../../../src/hosts/assemble.ts'
import { encodeRecordBatch } from '../../../src/kafka/record-batch-encoder.ts'
import type { Table } from '../../../src/change/table.ts'
import type { ChangePosition } from '../../../src/oracle/oracle.ts'
import { readConfig } from '../../servers/pipeline-under-test.ts'
import type { SimulatedTable } from '../../servers/stream-simulator/simulated-table.ts'

/** How large the record of a change is. Bytes. */
export interface RecordSize {
  /** What the pipeline reckons with. */
  readonly reckoned: number
  /** The batch that holds this record alone: what the broker counts. */
  readonly sent: number
}

const stages = stagesOf(
  readConfig(`
pipeline: sim
source:
  region: eu-central-1
  tables: ['orders-*']
kafka:
  bootstrap.servers: broker:1
`),
  '0.0.0-sim',
)

/** Of a change as it lies in the stream. */
export function recordSizeOf(simulated: SimulatedTable, position: ChangePosition, nowMs: number): RecordSize {
  const { shardId, sequenceNumber } = position
  const stored = simulated.stream.shard(shardId).records.find((record) => record.sequenceNumber === sequenceNumber)
  if (stored === undefined) throw new Error('the change is not in the stream')
  const { records, bytes } = stages.process({
    table: {
      kind: 'table',
      version: 1,
      table: tableOf(simulated),
      topic: `sim.${simulated.name}`,
      topicPartitions: 1,
      topicId: undefined,
      status: { kind: 'streaming' },
      notBeforeMs: undefined,
      homeLane: undefined,
      run: 0,
      snapshot: undefined,
      settled: undefined,
    },
    shardId,
    records: [JSON.parse(stored.json)],
    notBeforeMs: undefined,
    maxRecordBytes: Number.MAX_SAFE_INTEGER,
    nowMs,
  })
  const header = { producerId: 1n, producerEpoch: 0, isTransactional: true, compression: 'none' } as const
  const batch = { topic: `sim.${simulated.name}`, partition: 0, baseSequence: 0, records }
  return { reckoned: bytes, sent: encodeRecordBatch(batch, header).length }
}

function tableOf({ arn, name, id, keySchema, stream }: SimulatedTable): Table {
  const [, , , region = '', account = ''] = arn.split(':')
  return { arn, name, id, region, account, streamArn: stream.arn, viewType: stream.viewType, keySchema }
}
