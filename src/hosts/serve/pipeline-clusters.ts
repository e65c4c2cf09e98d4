import type { Clock } from '../../async/clock.ts'
import type { Rng } from '../../async/rng.ts'
import type { PipelineConfig } from '../../config/pipeline-config.ts'
import type { ConnectorPolicy } from '../../config/service/connector-policy.ts'
import { TailraceError } from '../../errors.ts'
import type { KafkaApi } from '../../kafka/kafka.ts'
import { createWireKafka } from '../../kafka/wire-kafka.ts'
import { kafkaConnectionOf } from '../kafka-connection-of.ts'
import { readPipelineLedger } from '../ledger/pipeline-ledger.ts'
import type { PipelineLedger } from '../ledger/pipeline-ledger.ts'

/** Clusters of pipelines, for questions: pipelines themselves have connections of their own. */
export interface PipelineClusters {
  /** The service's own cluster where connectors cannot name another one, or connections for this pipeline that the caller closes. */
  open(config: PipelineConfig): { readonly kafka: KafkaApi; readonly isOwn: boolean }
  hasLedger(config: PipelineConfig, signal: AbortSignal): Promise<boolean>
  /** Undefined before the pipeline's first start. */
  ledgerOf(config: PipelineConfig, signal: AbortSignal): Promise<PipelineLedger | undefined>
  /** What the ledger says of its configuration; undefined before the pipeline's first start. */
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
  const ledgerOf: PipelineClusters['ledgerOf'] = (config, signal) =>
    briefly(config, async (kafka) => {
      try {
        return await readPipelineLedger(config, kafka, signal)
      } catch (error) {
        if (error instanceof TailraceError && error.code === 'PIPELINE_UNKNOWN') return undefined
        throw error
      }
    })
  return {
    open,
    hasLedger: (config, signal) =>
      briefly(config, async (kafka) => (await kafka.topics([config.ledger.topic], signal)).has(config.ledger.topic)),
    ledgerOf,
    identityOf: async (config, signal) => {
      const ledger = await ledgerOf(config, signal)
      return ledger === undefined
        ? undefined
        : { epoch: ledger.identity.epoch, fingerprint: ledger.identity.fingerprint }
    },
  }
}
