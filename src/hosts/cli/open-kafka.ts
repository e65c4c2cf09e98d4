import type { PipelineConfig } from '../../config/pipeline-config.ts'
import { createClusterInspector } from '../../kafka/cluster-inspector.ts'
import type { ClusterInspector } from '../../kafka/cluster-inspector.ts'
import type { KafkaApi } from '../../kafka/kafka.ts'
import { createWireKafka } from '../../kafka/wire-kafka.ts'
import { kafkaConnectionOf } from '../kafka-connection-of.ts'
import type { CommandContext } from './command-context.ts'

/** The cluster of a pipeline, for a command. Opens nothing before the first request. */
export function openKafka(config: PipelineConfig, { clock, rng }: CommandContext): KafkaApi {
  return createWireKafka({ connection: kafkaConnectionOf(config.kafka, clock), clock, rng })
}

/** The same cluster for questions about members and rights. */
export function openInspector(config: PipelineConfig, { clock, rng }: CommandContext): ClusterInspector {
  return createClusterInspector({ connection: kafkaConnectionOf(config.kafka, clock), clock, rng })
}
