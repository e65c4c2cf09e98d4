import { systemClock } from '../../async/system-clock.ts'
import { systemRng } from '../../async/system-rng.ts'
import type { PipelineConfig } from '../../config/pipeline-config.ts'
import { createWireKafka } from '../../kafka/wire-kafka.ts'
import type { Logger } from '../../observe/logger.ts'
import { createItemReader } from '../../sources/table-items/item-reader.ts'
import { openClaimCheckStore } from '../claim-checks-of.ts'
import { kafkaConnectionOf } from '../kafka-connection-of.ts'
import { logRegistryWaits, openRegistry } from '../open-registry.ts'
import { createEventLog } from '../server/event-log.ts'
import { openSource } from '../source-of.ts'
import type { SourceParts } from '../source-parts.ts'
import { openBatchFunction } from './batch-function.ts'
import type { BatchFunction } from './batch-function.ts'
import { createGatedKafka } from './mappings/gated-kafka.ts'
import type { WriteGate } from './mappings/gated-kafka.ts'

/** What a function's process needs besides its configuration. */
export interface FunctionProcessOptions {
  readonly config: PipelineConfig
  readonly version: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly logger: Logger
  /** How long one invocation may take. Milliseconds. */
  readonly timeLimitMs: number
  /** Nothing is written while it is shut. */
  readonly gate: WriteGate
}

/** A connection that was not used for so long may have been cut while the process was frozen. Milliseconds. */
const suspectAfterMs = 5_000

/** A pipeline's batches on real time, real sockets and real credentials. Opens no connection before the first batch. */
export async function openFunctionProcess(options: FunctionProcessOptions): Promise<BatchFunction> {
  const { config, env, logger, version } = options
  const clock = systemClock
  const rng = systemRng
  await using stack = new AsyncDisposableStack()
  const connection = { ...kafkaConnectionOf(config.kafka, clock), suspectAfterMs }
  const wire = stack.use(createWireKafka({ connection, clock, rng, compression: config.kafka.compression }))
  const kafka = createGatedKafka(wire, options.gate)
  const parts: SourceParts = {
    clock,
    rng,
    env,
    alsoDisabledStreams: true,
    onEvent: ({ kind, ...facts }) => logger.debug(kind, { ...facts }),
  }
  const owned = stack.use(openSource(config.source, parts))
  const claimChecks = await openClaimCheckStore(config, owned, parts)
  if (claimChecks !== undefined) stack.use(claimChecks)
  const access = { ...parts, credentials: owned.credentials }
  const registry = openRegistry(config, { ...access, onWait: logRegistryWaits(logger) })
  if (registry !== undefined) stack.use(registry)
  const ports = {
    kafka,
    source: owned.source,
    clock,
    rng,
    onEvent: createEventLog(logger),
    registry,
    items: createItemReader({ ...parts, api: owned.api }),
    transactionTimeoutMs: Math.min(config.kafka.transactionTimeoutMs, options.timeLimitMs),
    onOutput: (text: string) => logger.info('a transform prints', { text: text.trimEnd() }),
    ...(claimChecks === undefined ? {} : { claimChecks }),
    ...(owned.describeKeys === undefined ? {} : { describeKeys: owned.describeKeys }),
  }
  const batches = stack.use(await openBatchFunction(config, ports, version))
  const resources = stack.move()
  return {
    run: (batch, signal) => batches.run(batch, signal),
    get lastDoubt() {
      return batches.lastDoubt
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}
