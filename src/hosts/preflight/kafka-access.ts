import type { PipelineConfig } from '../../config/pipeline-config.ts'
import { TailraceError } from '../../errors.ts'
import type { ClusterInspector, KafkaRight } from '../../kafka/cluster-inspector.ts'
import type { ClusterInfo, KafkaApi } from '../../kafka/kafka.ts'
import { failed } from './finding.ts'
import type { Finding } from './finding.ts'
import type { PreflightParts } from './preflight-parts.ts'

/** What the checks of one cluster share. */
export interface KafkaAccess {
  readonly config: PipelineConfig
  readonly kafka: KafkaApi
  readonly inspector: ClusterInspector
  readonly cluster: ClusterInfo
  readonly parts: PreflightParts
  /** Who is to move the pipeline. */
  readonly way: 'worker' | 'lambda'
}

/** What lacks of the rights that are needed, as a finding; the broker's rights may be unknown. */
export function missingRights(
  check: string,
  needed: readonly KafkaRight[],
  rights: ReadonlySet<KafkaRight> | undefined,
): readonly Finding[] {
  const missing = rights === undefined ? [] : needed.filter((right) => !rights.has(right))
  if (missing.length === 0) return []
  return [
    failed(check, new TailraceError('KAFKA_AUTHORIZATION', `the principal lacks ${missing.join(', ')} on ${check}`)),
  ]
}
