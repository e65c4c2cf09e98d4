import { systemClock } from '../../src/async/system-clock.ts'
import { createFaultPlan } from './stream-simulator/fault-plan.ts'
import type { FaultPlan } from './stream-simulator/fault-plan.ts'
import { startServer } from './stream-simulator/http-server.ts'
import { ServiceError } from './stream-simulator/service-error.ts'
import { seededRng } from '../../src/async/rng.ts'

/** What DynamoDB says of a table's way into a Kinesis stream, and CloudWatch of what was lost on it. */
export interface DoubledTable {
  /** Undefined: it has no destination. */
  readonly destination?: { readonly status: string; readonly streamArn: string; readonly reason?: string } | undefined
  /** Names of key attributes, hash key first. */
  readonly keys?: readonly string[]
  readonly failed?: number
  readonly throttled?: number
  readonly oldestMs?: number
}

/** DynamoDB and CloudWatch, as far as the way into Kinesis goes, on one port. */
export interface ReplicationDouble extends AsyncDisposable {
  readonly endpoint: string
  /** By name; may be changed at any time. */
  readonly tables: Map<string, DoubledTable>
  readonly faults: FaultPlan
  /** Bodies of the requests for metrics. */
  readonly asked: unknown[]
}

/** Starts one without tables. */
export async function startReplicationDouble(): Promise<ReplicationDouble> {
  const tables = new Map<string, DoubledTable>()
  const asked: unknown[] = []
  const faults = createFaultPlan(seededRng(1))
  const tableOf = (body: Readonly<Record<string, unknown>>): DoubledTable => {
    const found = tables.get(String(body['TableName']))
    if (found === undefined) throw new ServiceError('ResourceNotFoundException', 'Requested resource not found')
    return found
  }
  const answers: Readonly<Record<string, (body: Readonly<Record<string, unknown>>) => unknown>> = {
    'DynamoDB_20120810.ListTables': () => ({ TableNames: [...tables.keys()] }),
    'DynamoDB_20120810.DescribeTable': (body) => describe(tableOf(body).keys ?? ['id']),
    'DynamoDB_20120810.DescribeKinesisStreamingDestination': (body) => destinationsOf(tableOf(body)),
    'GraniteServiceVersion20100801.GetMetricData': (body) => {
      asked.push(body)
      return metricsOf(tables)
    },
  }
  const server = await startServer(
    {
      clock: systemClock,
      settings: { maxSkewMs: undefined },
      perform: (target, { body }, fault) => {
        if (fault?.kind === 'error') throw new ServiceError(fault.type, fault.message ?? fault.type)
        const answer = answers[target]
        if (answer === undefined) throw new ServiceError('UnknownOperationException', target)
        return { statusCode: 200, text: JSON.stringify(answer(body)) }
      },
    },
    faults,
    () => {},
  )
  return { endpoint: server.endpoint, tables, faults, asked, [Symbol.asyncDispose]: () => server.close() }
}

function describe(keys: readonly string[]): unknown {
  return {
    Table: {
      KeySchema: keys.map((AttributeName, at) => ({ AttributeName, KeyType: at === 0 ? 'HASH' : 'RANGE' })),
      AttributeDefinitions: keys.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
    },
  }
}

function destinationsOf({ destination }: DoubledTable): unknown {
  const found = destination && {
    StreamArn: destination.streamArn,
    DestinationStatus: destination.status,
    ...(destination.reason === undefined ? {} : { DestinationStatusDescription: destination.reason }),
    ApproximateCreationDateTimePrecision: 'MICROSECOND',
  }
  return { KinesisDataStreamDestinations: found === undefined ? [] : [found] }
}

function metricsOf(tables: ReadonlyMap<string, DoubledTable>): unknown {
  const series = (Id: string, value: (table: DoubledTable) => number | undefined): readonly unknown[] =>
    [...tables].flatMap(([Label, table]) => {
      const found = value(table)
      return found === undefined ? [] : [{ Id, Label, Values: [found], Timestamps: [1], StatusCode: 'Complete' }]
    })
  return {
    MetricDataResults: [
      ...series('failed', ({ failed }) => failed),
      ...series('throttled', ({ throttled }) => throttled),
      ...series('oldest', ({ oldestMs }) => oldestMs),
    ],
  }
}
