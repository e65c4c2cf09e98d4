import { createCredentialsCache, createCredentialsLoader } from '../aws/credentials.ts'
import type { CredentialsCache, CredentialsLoader, CredentialsOptions } from '../aws/credentials.ts'
import { createMeteredAwsApi } from '../aws/metered-api.ts'
import { createAwsApi } from '../aws/signed-request.ts'
import type { AwsApi } from '../aws/aws.ts'
import type { Clock } from '../async/clock.ts'
import type { Rng } from '../async/rng.ts'
import type { SourceConfig } from '../config/source-config.ts'
import type { ErrorCode } from '../error-catalogue.ts'
import { TailraceError } from '../errors.ts'
import { createDynamoDbStreamsSource } from '../sources/dynamodb-streams/dynamodb-streams-source.ts'
import type { SourceEvent } from '../sources/source-event.ts'
import type { Source } from '../sources/source.ts'
import { withoutTables } from '../sources/without-tables.ts'

/** What a source runs on. */
export interface SourceParts {
  readonly clock: Clock
  readonly rng: Rng
  readonly env: Readonly<Record<string, string | undefined>>
  /** Where credentials come from; default: the provider chain of the AWS SDK, under the configured role. */
  readonly credentials?: CredentialsLoader
  readonly pollIdleMaxMs?: number
  /** Errors to reject with instead of waiting them out; for commands that a person waits for. */
  readonly giveUpOn?: readonly ErrorCode[]
  readonly onEvent?: (event: SourceEvent) => void
  /** Told of each request's outcome: `ok`, an error code of ours, or the service's own name of an error. */
  readonly onRequest?: (action: string, outcome: string) => void
}

/** A source and the connections below it, which end with it. */
export interface OwnedSource extends AsyncDisposable {
  readonly source: Source
  readonly api: AwsApi
  readonly credentials: CredentialsCache
}

/** The source that a configuration describes. Opens nothing before it is asked. Throws CONFIG_INVALID for one of another kind. */
export function openSource(config: SourceConfig, parts: SourceParts): OwnedSource {
  if (config.type === 'kinesis') throw new TailraceError('CONFIG_INVALID', 'source.type: kinesis cannot be read yet')
  const { clock, rng, env } = parts
  const { region, endpoint, streamsEndpoint } = config
  const loader = parts.credentials ?? createCredentialsLoader(credentialsOf(config))
  const credentials = createCredentialsCache({ clock, load: loader })
  const connection = createAwsApi({
    clock,
    region,
    env,
    credentials,
    overrides: {
      ...(endpoint === undefined ? {} : { dynamodb: endpoint }),
      ...(streamsEndpoint === undefined ? {} : { streams: streamsEndpoint }),
    },
  })
  const api = parts.onRequest === undefined ? connection : createMeteredAwsApi(connection, parts.onRequest)
  const source = createDynamoDbStreamsSource({
    api,
    clock,
    rng,
    region,
    tables: config.tables,
    alsoViewTypes: [
      ...(config.allowsKeysOnly ? (['KEYS_ONLY'] as const) : []),
      ...(config.allowsOldImage ? (['OLD_IMAGE'] as const) : []),
    ],
    polling: parts.pollIdleMaxMs === undefined ? {} : { idleCapMs: parts.pollIdleMaxMs },
    ...(parts.giveUpOn === undefined ? {} : { giveUpOn: parts.giveUpOn }),
    ...(parts.onEvent === undefined ? {} : { onEvent: parts.onEvent }),
  })
  return {
    source: withoutTables(source, config.excludedTables),
    api,
    credentials,
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  }
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
