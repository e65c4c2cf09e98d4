import type { Clock } from '../../async/clock.ts'
import type { Rng } from '../../async/rng.ts'
import { untilAborted } from '../../async/until-aborted.ts'
import type { PipelineConfig } from '../../config/pipeline-config.ts'
import type { ConnectorPolicy } from '../../config/service/connector-policy.ts'
import { TailraceError } from '../../errors.ts'
import type { KafkaApi } from '../../kafka/kafka.ts'
import { createWireKafka } from '../../kafka/wire-kafka.ts'
import { kafkaConnectionOf } from '../kafka-connection-of.ts'
import { readPipelineLedger } from '../ledger/pipeline-ledger.ts'
import type { PipelineLedger } from '../ledger/pipeline-ledger.ts'
import { mayPass, waitOut } from './wait-out.ts'

/** Clusters of pipelines, for questions: pipelines themselves have connections of their own. */
export interface PipelineClusters {
  /** The service's own cluster where connectors cannot name another one, or connections for this pipeline that the caller closes. */
  open(config: PipelineConfig): { readonly kafka: KafkaApi; readonly isOwn: boolean }
  hasLedger(config: PipelineConfig, signal: AbortSignal): Promise<boolean>
  /** Undefined before the pipeline's first start. */
  ledgerOf(config: PipelineConfig, signal: AbortSignal): Promise<PipelineLedger | undefined>
  /**
   * What the ledger says of its configuration; undefined before the pipeline's first start. Rejects with SERVICE_CHANGING if there is a ledger, and it
   * cannot be read for what may pass, or until `signal` aborts.
   */
  identityOf(
    config: PipelineConfig,
    signal: AbortSignal,
  ): Promise<{ readonly epoch: number; readonly fingerprint: string } | undefined>
}

/** `shared` is the service's own cluster, which stays its caller's. */
export function createPipelineClusters(options: {
  readonly policy: Pick<ConnectorPolicy, 'overrides'>
  readonly shared: KafkaApi
  readonly clock: Clock
  readonly rng: Rng
}): PipelineClusters {
  const { policy, shared, clock, rng } = options
  const open = (config: PipelineConfig): { readonly kafka: KafkaApi; readonly isOwn: boolean } =>
    policy.overrides === 'None'
      ? { kafka: shared, isOwn: false }
      : { kafka: createWireKafka({ connection: kafkaConnectionOf(config.kafka, clock), clock, rng }), isOwn: true }
  const briefly = async <T>(config: PipelineConfig, ask: (kafka: KafkaApi) => Promise<T>): Promise<T> => {
    const { kafka, isOwn } = open(config)
    try {
      return await ask(kafka)
    } finally {
      if (isOwn) await kafka[Symbol.asyncDispose]()
    }
  }
  return {
    open,
    hasLedger: (config, signal) =>
      briefly(config, async (kafka) => (await kafka.topics([config.ledger.topic], signal)).has(config.ledger.topic)),
    ledgerOf: (config, signal) => briefly(config, (kafka) => knownLedger(config, kafka, signal)),
    identityOf: (config, signal) =>
      briefly(config, async (kafka) => {
        const { topic } = config.ledger
        if (!(await untilAborted(kafka.topics([topic], signal), signal)).has(topic)) return undefined
        try {
          const read = waitOut({ clock, rng }, () => knownLedger(config, kafka, signal), signal)
          const ledger = await untilAborted(read, signal)
          return ledger && { epoch: ledger.identity.epoch, fingerprint: ledger.identity.fingerprint }
        } catch (error) {
          if (!signal.aborted && !mayPass(error)) throw error
          const message = `Cannot complete request: ledger topic ${topic} exists and cannot be read at the moment`
          throw new TailraceError('SERVICE_CHANGING', message, { cause: error })
        }
      }),
  }
}

/** Undefined before the pipeline's first start. */
async function knownLedger(
  config: PipelineConfig,
  kafka: KafkaApi,
  signal: AbortSignal,
): Promise<PipelineLedger | undefined> {
  try {
    return await readPipelineLedger(config, kafka, signal)
  } catch (error) {
    if (error instanceof TailraceError && error.code === 'PIPELINE_UNKNOWN') return undefined
    throw error
  }
}
