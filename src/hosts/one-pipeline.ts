import type { ByteBudget } from '../async/byte-budget.ts'
import { systemClock } from '../async/system-clock.ts'
import { systemRng } from '../async/system-rng.ts'
import type { CredentialsLoader } from '../aws/credentials.ts'
import type { PipelineConfig } from '../config/pipeline-config.ts'
import { createWireKafka } from '../kafka/wire-kafka.ts'
import { createWireGroupMembership } from '../kafka/wire-group-membership.ts'
import { asError } from '../observe/logger.ts'
import type { Logger } from '../observe/logger.ts'
import type { PipelineEventSink } from '../pipeline/pipeline-event.ts'
import type { SourceEvent } from '../sources/source-event.ts'
import { createItemReader } from '../sources/table-items/item-reader.ts'
import { runPipeline } from './assemble.ts'
import type { WorkerPorts } from './assemble.ts'
import { openClaimCheckStore } from './claim-checks-of.ts'
import { openExports } from './exports-of.ts'
import { kafkaConnectionOf } from './kafka-connection-of.ts'
import { logRegistryWaits, openRegistry } from './open-registry.ts'
import { createEventLog } from './server/event-log.ts'
import type { PipelineMonitor } from './server/pipeline-monitor.ts'
import { snapshotFacts, snapshotLine } from './server/snapshot-line.ts'
import { createSnapshotReport } from './server/snapshot-report.ts'
import { createSignalFile } from './signal-file.ts'
import { openSource } from './source-of.ts'
import type { OwnedSource, SourceParts } from './source-parts.ts'

/** How often a running snapshot is told of in the log. */
const logEveryMs = 30_000

/** One pipeline, and what it is given of the process in which it runs. */
export interface PipelineRunOptions {
  readonly config: PipelineConfig
  readonly version: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly logger: Logger
  /** Its share of the memory that the process may use. */
  readonly budget: ByteBudget
  /** Is told what happens. */
  readonly monitor: Pick<PipelineMonitor, 'onEvent' | 'onSourceEvent' | 'onRequest'>
  /** Where AWS credentials come from; default: the provider chain of the AWS SDK. */
  readonly credentials?: CredentialsLoader | undefined
  /** Topics of others that the process knows. Default: nobody else is known. */
  readonly isTaken?: WorkerPorts['isTaken']
  /** Hears every event, too. */
  readonly onEvent?: PipelineEventSink | undefined
  /** Told once, before the work begins. */
  readonly onStarted?: () => void
}

/**
 * One worker of a pipeline on real time, real sockets and real credentials, beside others in the same process perhaps: all its connections are
 * its own. Resolves when `signal` aborts and everything is handed over; rejects when it must not go on.
 */
export async function runOnePipeline(options: PipelineRunOptions, signal: AbortSignal): Promise<void> {
  const { config, logger, budget, monitor } = options
  const clock = systemClock
  const rng = systemRng
  const sinks: readonly PipelineEventSink[] = [
    createEventLog(logger),
    monitor.onEvent,
    createSnapshotReport(clock, logEveryMs, (report) => logger.info(snapshotLine(report), snapshotFacts(report))),
    ...(options.onEvent === undefined ? [] : [options.onEvent]),
  ]
  for (const note of config.notes) logger.warn(note)
  const connection = kafkaConnectionOf(config.kafka, clock)
  await using kafka = createWireKafka({ connection, clock, rng, compression: config.kafka.compression })
  await using membership = createWireGroupMembership({
    connection,
    clock,
    rng,
    group: config.groupId,
    topic: config.ledger.topic,
    sessionTimeoutMs: config.kafka.sessionTimeoutMs,
    heartbeatMs: config.kafka.heartbeatMs,
    onProblem: (error) => logger.warn('the consumer group did not answer as hoped', { error: asError(error) }),
  })
  const parts = sourcePartsOf(options)
  await using owned = openSource(config.source, parts)
  await using loading = await openExports(config, owned, parts)
  await using claimChecks = await openClaimCheckStore(config, owned, parts)
  const access = { ...parts, credentials: owned.credentials }
  await using registry = openRegistry(config, { ...access, onWait: logRegistryWaits(logger) })
  options.onStarted?.()
  const onEvent: PipelineEventSink = (event) => sinks.forEach((sink) => sink(event))
  const { file } = config.signals
  await runPipeline(
    config,
    {
      kafka,
      membership,
      ...sourcePorts(owned),
      registry,
      ...(loading === undefined ? {} : { exports: loading.exports }),
      ...(claimChecks === undefined ? {} : { claimChecks }),
      items: createItemReader({ ...parts, api: owned.api }),
      onOutput: (text) => logger.info('a transform prints', { text: text.trimEnd() }),
      clock,
      rng,
      onEvent,
      budget,
      isTaken: options.isTaken,
      signalFile: file === undefined ? undefined : createSignalFile(file, { clock, rng }),
    },
    options.version,
    signal,
  )
}

function sourcePorts({
  source,
  describeKeys,
  replication,
}: OwnedSource): Pick<WorkerPorts, 'source' | 'describeKeys' | 'replication'> {
  return { source, describeKeys, replication }
}

/** The source tells the log and the monitor what it meets. */
function sourcePartsOf({ config, env, logger, credentials, monitor }: PipelineRunOptions): SourceParts {
  return {
    clock: systemClock,
    rng: systemRng,
    env,
    ...(credentials === undefined ? {} : { credentials }),
    pollIdleMaxMs: config.pollIdleMaxMs,
    onRequest: monitor.onRequest,
    onEvent: (event) => {
      logSourceEvent(logger, event)
      monitor.onSourceEvent(event)
    },
  }
}

function logSourceEvent(logger: Logger, event: SourceEvent): void {
  const { kind, ...facts } = event
  if (kind === 'retried') logger.warn(`${event.action} is repeated: ${event.message}`, { ...facts })
  else if (kind === 'throttled' || kind === 'changes-repaired') logger.debug(kind, { ...facts })
  else logger.info(kind, { ...facts })
}
