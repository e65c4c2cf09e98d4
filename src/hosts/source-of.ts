import { createCredentialsCache, createCredentialsLoader } from '../aws/credentials.ts'
import type { CredentialsOptions } from '../aws/credentials.ts'
import { createAwsStreams } from '../aws/event-stream-api.ts'
import { createMeteredAwsApi, createMeteredAwsStreams } from '../aws/metered-api.ts'
import type { AwsService } from '../aws/endpoints.ts'
import { createAwsApi } from '../aws/signed-request.ts'
import type { AwsApi } from '../aws/aws.ts'
import type { DynamoDbStreamsConfig, SourceConfig } from '../config/source-config.ts'
import { createDynamoDbStreamsSource } from '../sources/dynamodb-streams/dynamodb-streams-source.ts'
import { kinesisSourceOf } from './kinesis-source-of.ts'
import type { Source } from '../sources/source.ts'
import { replicationWatchOf } from './replication-of.ts'
import { withoutTables } from '../sources/without-tables.ts'
import type { OwnedSource, SourceParts } from './source-parts.ts'

/** The source that a configuration describes. Opens nothing before it is asked. */
export function openSource(config: SourceConfig, parts: SourceParts): OwnedSource {
  const { clock, env } = parts
  const { region } = config
  const loader = parts.credentials ?? createCredentialsLoader({ ...credentialsOf(config), env })
  const credentials = createCredentialsCache({ clock, load: loader })
  const access = { clock, region, env, credentials, overrides: endpointsOf(config) }
  const connection = createAwsApi(access)
  const api = parts.onRequest === undefined ? connection : createMeteredAwsApi(connection, parts.onRequest)
  const owned = { api, credentials, [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose]() }
  if (config.type !== 'kinesis') return { ...owned, source: streamsOf(config, api, parts) }
  const pushed = createAwsStreams(access)
  const streams = parts.onRequest === undefined ? pushed : createMeteredAwsStreams(pushed, parts.onRequest)
  const source = kinesisSourceOf(config, { api, streams }, parts)
  return {
    ...owned,
    source,
    describeKeys: (table, signal) => source.describeKeys(table, signal),
    describeStream: (signal) => source.describeStream(signal),
    replication: replicationWatchOf(config, {
      ...parts,
      api,
      streamArn: async (signal) => (await source.describeStream(signal)).arn,
    }),
  }
}

function endpointsOf(config: SourceConfig): Partial<Record<AwsService, string>> {
  const { endpoint } = config
  const tables = endpoint === undefined ? {} : { dynamodb: endpoint }
  if (config.type === 'kinesis') {
    const { kinesisEndpoint } = config
    return { ...tables, ...(kinesisEndpoint === undefined ? {} : { kinesis: kinesisEndpoint }) }
  }
  const { streamsEndpoint, taggingEndpoint } = config
  return {
    ...tables,
    ...(streamsEndpoint === undefined ? {} : { streams: streamsEndpoint }),
    ...(taggingEndpoint === undefined ? {} : { tagging: taggingEndpoint }),
  }
}

function streamsOf(config: DynamoDbStreamsConfig, api: AwsApi, parts: SourceParts): Source {
  const { clock, rng } = parts
  const { region, tables, tags, allowsKeysOnly, allowsOldImage } = config
  const source = createDynamoDbStreamsSource({
    api,
    clock,
    rng,
    region,
    tables,
    tags,
    alsoViewTypes: [
      ...(allowsKeysOnly ? (['KEYS_ONLY'] as const) : []),
      ...(allowsOldImage ? (['OLD_IMAGE'] as const) : []),
    ],
    polling: parts.pollIdleMaxMs === undefined ? {} : { idleCapMs: parts.pollIdleMaxMs },
    ...(parts.giveUpOn === undefined ? {} : { giveUpOn: parts.giveUpOn }),
    ...(parts.onEvent === undefined ? {} : { onEvent: parts.onEvent }),
  })
  return withoutTables(source, config.excludedTables)
}

/** Where a source's credentials come from: the file's own or the provider chain, and the role on top. */
export function credentialsOf({
  region,
  accessKey,
  role,
}: Pick<SourceConfig, 'region' | 'accessKey' | 'role'>): CredentialsOptions {
  const sessionToken = accessKey?.sessionToken?.reveal()
  return {
    region,
    ...(accessKey === undefined
      ? {}
      : {
          accessKey: {
            accessKeyId: accessKey.id.reveal(),
            secretAccessKey: accessKey.secret.reveal(),
            ...(sessionToken === undefined ? {} : { sessionToken }),
          },
        }),
    ...(role === undefined
      ? {}
      : {
          assumeRole: {
            roleArn: role.arn,
            sessionName: role.sessionName,
            ...(role.externalId === undefined ? {} : { externalId: role.externalId }),
          },
        }),
  }
}
