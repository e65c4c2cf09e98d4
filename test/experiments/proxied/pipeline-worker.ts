import type { Rng } from '../../../src/async/rng.ts'
import { systemClock as clock } from '../../../src/async/system-clock.ts'
import type { PipelineConfig } from '../../../src/config/pipeline-config.ts'
import { runPipeline } from '../../../src/hosts/assemble.ts'
import type { KafkaConnectionOptions } from '../../../src/kafka/kafka-connection.ts'
import { createWireGroupMembership } from '../../../src/kafka/wire-group-membership.ts'
import type { PipelineEvent } from '../../../src/pipeline/pipeline-event.ts'
import { createDynamoDbStreamsSource } from '../../../src/sources/dynamodb-streams/dynamodb-streams-source.ts'
import type { SourceEvent } from '../../../src/sources/source-event.ts'
import { connectKafka } from '../../servers/connected-kafka.ts'
import { connectTo } from '../../servers/stream-simulator/simulator-client.ts'

/** How a worker of an experiment lives. */
export interface PipelineWorkerOptions {
  readonly config: PipelineConfig
  /** Its own door of the broker, `host:port`. */
  readonly bootstrapServers: string
  /** How to be let in; asked at each start, as a process reads its files. By default nobody asks who comes. */
  readonly credentials?: (() => WorkerCredentials) | undefined
  readonly awsEndpoint: string
  readonly rng: Rng
  /** Short ones make doubt cheap. Milliseconds. */
  readonly requestTimeoutMs: number
  readonly sessionTimeoutMs: number
  /** 200 by default; the product's own is 1,000. */
  readonly heartbeatMs?: number | undefined
  readonly onEvent: (event: PipelineEvent) => void
  /** What the consumer group answered that was not hoped for; the worker goes on. */
  readonly onGroupProblem?: ((error: unknown) => void) | undefined
  readonly onSourceEvent?: (event: SourceEvent) => void
}

/** TLS and SASL of a worker's connections, and how long both may take. */
export type WorkerCredentials = Pick<KafkaConnectionOptions, 'tls' | 'sasl' | 'connectTimeoutMs'>

/**
 * Runs one worker of the pipeline in this process, with connections of its own, until the signal aborts. Rejects with
 * what the worker died of.
 */
export async function runPipelineWorker(options: PipelineWorkerOptions, signal: AbortSignal): Promise<void> {
  const { config, bootstrapServers, awsEndpoint, rng, requestTimeoutMs, sessionTimeoutMs, onEvent } = options
  const limits = { requestTimeoutMs: 4_000, headersTimeoutMs: 2_000, bodyTimeoutMs: 2_000 }
  const credentials = options.credentials?.() ?? {}
  await using kafka = connectKafka(bootstrapServers, { requestTimeoutMs, ...credentials })
  await using api = connectTo(awsEndpoint, { limits })
  await using membership = createWireGroupMembership({
    connection: { brokers: [bootstrapServers], ...credentials },
    clock,
    rng,
    group: config.groupId,
    topic: config.ledger.topic,
    sessionTimeoutMs,
    heartbeatMs: options.heartbeatMs ?? 200,
    ...(options.onGroupProblem === undefined ? {} : { onProblem: options.onGroupProblem }),
  })
  const { tables, region } = config.source
  const source = createDynamoDbStreamsSource({
    api,
    clock,
    rng,
    region,
    tables,
    retry: { baseMs: 50, capMs: 1_000 },
    polling: { minIntervalMs: 100, idleBaseMs: 100, idleCapMs: 300 },
    ...(options.onSourceEvent === undefined ? {} : { onEvent: options.onSourceEvent }),
  })
  const coordinatorTuning = { stopCheckMs: 200, tableCheckMs: 1_000, listingMs: 2_000 }
  await runPipeline(config, { kafka, membership, source, clock, rng, onEvent, coordinatorTuning }, '0.0.0-test', signal)
}
