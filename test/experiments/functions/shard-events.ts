import type { SimulatedTable } from '../../servers/stream-simulator/simulated-table.ts'

/** All that is in each open shard of a table, as an event source mapping with a tumbling window hands it over. */
export function shardEvents({ stream }: SimulatedTable): readonly unknown[] {
  return stream.openShards().map(({ shardId, records }) => ({
    Records: records.map(({ json }) => ({ ...(JSON.parse(json) as object), eventSourceARN: stream.arn })),
    shardId,
    eventSourceARN: stream.arn,
    window: { start: '2026-11-01T08:00:00Z', end: '2026-11-01T08:00:01Z' },
    state: {},
    isFinalInvokeForWindow: false,
    isWindowTerminatedEarly: false,
  }))
}

/** A pipeline over a simulated table `orders`; the function has the broker's address in `KAFKA_BROKERS`. `more` are further lines. */
export function functionPipelineText(endpoint: string, { pipeline = 'shop', more = '' } = {}): string {
  return `
pipeline: ${pipeline}
lanes: 4
source: {region: eu-central-1, endpoint: "${endpoint}", tables: [orders]}
kafka.bootstrap.servers: \${env:KAFKA_BROKERS}
topic.partitions: 4
snapshot.mode: never
lambda.mapping.check: off
${more}
`
}
