import type { AwsApi } from '../aws/aws.ts'
import { configuredEndpoint } from '../aws/endpoints.ts'
import { isLoopbackHost } from '../config/network-address.ts'
import type { KinesisConfig } from '../config/source-config.ts'
import { parseStreamArn } from '../sources/kinesis/stream-label.ts'
import { createReplicationWatch } from '../sources/kinesis/replication/replication-watch.ts'
import type { ReplicationWatch } from '../sources/kinesis/replication/replication-watch.ts'
import type { ReplicationSubject } from '../sources/kinesis/replication/replication.ts'
import { createSourceContext } from '../sources/source-context.ts'
import type { SourceParts } from './source-parts.ts'

/** A subject before the stream's ARN is known. */
export type ReplicationPlan = Omit<ReplicationSubject, 'streamArn'>

/**
 * What can be asked of how changes come into the stream. Undefined where nothing can: a stream of anything has no tables,
 * and a Kinesis on this machine is filled by no DynamoDB of AWS, unless endpoints for it are configured, too.
 */
export function replicationPlanOf(config: KinesisConfig, env: SourceParts['env']): ReplicationPlan | undefined {
  const { records, tables, excludedTables, endpoint, kinesisEndpoint } = config
  const isLocal = kinesisEndpoint !== undefined && isLoopbackHost(new URL(kinesisEndpoint).hostname)
  if (records === 'raw' || (isLocal && endpoint === undefined)) return undefined
  const place = { service: 'cloudwatch', override: undefined, variable: 'AWS_ENDPOINT_URL_CLOUDWATCH', env }
  return { tables, excludedTables, hasMetrics: !isLocal || configuredEndpoint(place) !== undefined }
}

/** The watch over the way into the configured stream; undefined where nothing can be asked. */
export function replicationWatchOf(
  config: KinesisConfig,
  parts: Pick<SourceParts, 'clock' | 'rng' | 'env'> & {
    readonly api: AwsApi
    /** Rejects where there is none. */
    readonly streamArn: (signal: AbortSignal) => Promise<string>
  },
): ReplicationWatch | undefined {
  const plan = replicationPlanOf(config, parts.env)
  if (plan === undefined) return undefined
  const known = parseStreamArn(config.stream)?.arn
  const streamArn = known === undefined ? parts.streamArn : () => Promise.resolve(known)
  return createReplicationWatch(createSourceContext(parts), { ...plan, streamArn })
}
