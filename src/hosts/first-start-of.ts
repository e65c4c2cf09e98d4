import type { Clock } from '../async/clock.ts'
import type { Rng } from '../async/rng.ts'
import { configFingerprint } from '../config/config-fingerprint.ts'
import type { PipelineConfig } from '../config/pipeline-config.ts'
import type { KafkaApi } from '../kafka/kafka.ts'
import type { AdmissionOptions } from '../pipeline/admission.ts'
import type { PipelineEventSink } from '../pipeline/pipeline-event.ts'
import type { StartPosition } from '../pipeline/start-position.ts'

/** The ledger that a configuration means. */
export function admissionOf(
  config: PipelineConfig,
  ports: {
    readonly kafka: KafkaApi
    readonly clock: Clock
    readonly rng: Rng
    readonly onEvent: PipelineEventSink
  },
): AdmissionOptions {
  return {
    kafka: ports.kafka,
    clock: ports.clock,
    rng: ports.rng,
    pipeline: config.pipeline,
    ledgerTopic: config.ledger.topic,
    lanes: config.lanes,
    replicationFactor: config.ledger.replicationFactor,
    epoch: config.epoch,
    fingerprint: configFingerprint(config),
    mayCreate: config.topic.create,
    onEvent: ports.onEvent,
  }
}

/** Where a first start begins. */
export function startOf({ source: { start } }: PipelineConfig): StartPosition {
  switch (start.kind) {
    case 'trim-horizon':
      return { kind: 'TRIM_HORIZON' }
    case 'latest':
      return { kind: 'LATEST' }
    case 'timestamp':
      return { kind: 'AT', timeMs: start.atMs }
  }
}
