import type { Clock } from '../../async/clock.ts'
import type { Rng } from '../../async/rng.ts'
import type { PipelineConfig } from '../../config/pipeline-config.ts'
import type { KafkaApi } from '../../kafka/kafka.ts'

/** How a command, or a service, reaches the ledger of a pipeline that it does not run. */
export interface LedgerAccess {
  readonly config: PipelineConfig
  readonly kafka: KafkaApi
  readonly clock: Clock
  readonly rng: Rng
}
