import { createCredentialsCache, createCredentialsLoader } from '../aws/credentials.ts'
import { createAwsStreams } from '../aws/event-stream-api.ts'
import { createMeteredAwsApi, createMeteredAwsStreams } from '../aws/metered-api.ts'
import { createAwsApi } from '../aws/signed-request.ts'
import type { SourceConfig } from '../config/source-config.ts'
import { kinesisSourceOf } from './kinesis-source-of.ts'
import { openAccounts } from './accounts-of.ts'
import { credentialsOf, endpointsOf } from './aws-access-of.ts'
import { streamsSourceOf } from './streams-source-of.ts'
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
  if (config.type !== 'kinesis') {
    if (config.accounts.length === 0)
      return { ...owned, source: withoutTables(streamsSourceOf(config, api, parts), config.excludedTables) }
    const accounts = openAccounts(config, parts)
    const close = async (): Promise<void> => {
      await accounts[Symbol.asyncDispose]()
      await connection[Symbol.asyncDispose]()
    }
    return { ...owned, source: withoutTables(accounts.source, config.excludedTables), [Symbol.asyncDispose]: close }
  }
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
