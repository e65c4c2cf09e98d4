import { createCredentialsCache, createCredentialsLoader } from '../aws/credentials.ts'
import { createMeteredAwsApi } from '../aws/metered-api.ts'
import { createAwsApi } from '../aws/signed-request.ts'
import { accountOf } from '../config/account-entry.ts'
import { tablesOfAccount } from '../config/source-accounts.ts'
import type { AccountConfig } from '../config/source-accounts.ts'
import type { DynamoDbStreamsConfig } from '../config/source-config.ts'
import { createCombinedSource } from '../sources/discovery/combined-source.ts'
import type { SourcePart } from '../sources/discovery/source-part.ts'
import type { Source } from '../sources/source.ts'
import { credentialsOf, endpointsOf } from './aws-access-of.ts'
import type { SourceParts } from './source-parts.ts'
import { streamsSourceOf } from './streams-source-of.ts'

/** The configuration of one entry of `source.accounts`, as if it were the only one. */
export function configOfAccount(config: DynamoDbStreamsConfig, account: AccountConfig): DynamoDbStreamsConfig {
  const tables = tablesOfAccount(config.tables, account, config.accounts)
  return { ...config, ...account, accounts: [], tables }
}

/**
 * The tables of all entries of `source.accounts` as one source, and the connections of each, which end with it. Opens nothing
 * before it is asked.
 */
export function openAccounts(
  config: DynamoDbStreamsConfig,
  parts: SourceParts,
): { readonly source: Source } & AsyncDisposable {
  const { clock, env, onEvent } = parts
  const connections = new AsyncDisposableStack()
  const open = (account: AccountConfig): SourcePart => {
    const own = configOfAccount(config, account)
    const { region, role, tables } = own
    const load = parts.credentials ?? createCredentialsLoader({ ...credentialsOf(own), env })
    const credentials = createCredentialsCache({ clock, load })
    const connection = connections.use(createAwsApi({ clock, region, env, credentials, overrides: endpointsOf(own) }))
    const api = parts.onRequest === undefined ? connection : createMeteredAwsApi(connection, parts.onRequest)
    const title = role === undefined ? region : `${role.arn} in ${region}`
    return { region, account: accountOf(role?.arn), title, tables, source: streamsSourceOf(own, api, parts) }
  }
  const source = createCombinedSource({
    parts: config.accounts.map(open),
    clock,
    onSilence: ({ code, message }) => onEvent?.({ kind: 'account-silent', code, message }),
  })
  return { source, [Symbol.asyncDispose]: () => connections.disposeAsync() }
}
