import type { CredentialsLoader } from '../../aws/credentials.ts'
import type { ServiceConfig } from '../../config/service/service-config.ts'
import type { KafkaApi } from '../../kafka/kafka.ts'
import type { LogLevels } from '../../observe/log-levels.ts'
import type { Logger } from '../../observe/logger.ts'
import type { PrometheusMetrics } from '../../observe/prometheus-metrics.ts'
import type { Redactor } from '../../observe/redactor.ts'
import type { ServiceLog } from '../../service/service-state.ts'
import type { TakenTopics } from '../record-way.ts'
import type { ConnectorConfigs } from './connector-configs.ts'
import type { PipelineClusters } from './pipeline-clusters.ts'
import type { PipelineMonitors } from './pipeline-monitors.ts'
import type { AdvertisedAddress } from './service-url.ts'

/** What a process of a service needs besides its configuration. */
export interface ServiceProcessOptions {
  readonly config: ServiceConfig
  readonly version: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly levels: LogLevels
  /** Learns the secrets of connectors. */
  readonly redactor: Redactor
  /** Where AWS credentials come from; default: the provider chain of the AWS SDK. */
  readonly credentials?: CredentialsLoader | undefined
  /** Told once, when the service's state was read and requests are answered. */
  readonly onReady?: (address: AdvertisedAddress & { readonly urls: readonly string[] }) => void
}

/** The parts of a process that others are made of. */
export interface ServiceProcess {
  readonly options: ServiceProcessOptions
  readonly logger: Logger
  /** `ProcessReport.process`. */
  readonly id: string
  readonly kafka: KafkaApi
  readonly log: ServiceLog
  readonly configs: ConnectorConfigs
  readonly clusters: PipelineClusters
  readonly metrics: PrometheusMetrics
  readonly monitors: PipelineMonitors
  /** Topics that a connector of this name must leave alone. */
  readonly isTakenFor: (connector: string) => TakenTopics
}
