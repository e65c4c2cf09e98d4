import type { Clock } from '../async/clock.ts'
import type { OAuthCredentials, RegistryCredentials } from '../config/registry-config.ts'
import { TailraceError } from '../errors.ts'
import type { RegistryAuthorization } from '../schema-registry/registry-options.ts'
import { createSharedWork } from '../schema-registry/shared-work.ts'
import { isFresh, requestToken } from './client-credentials-token.ts'
import type { TokenAnswer } from './client-credentials-token.ts'

/** Says who we are by the credentials of the configuration; tokens are fetched when they are needed. */
export function registryAuthorizationOf(credentials: RegistryCredentials, clock: Clock): RegistryAuthorization {
  switch (credentials.kind) {
    case 'none':
      return always(() => undefined)
    case 'basic':
      return always(() => {
        const pair = Buffer.from(`${credentials.username}:${credentials.password.reveal()}`, 'utf8')
        return `Basic ${pair.toString('base64')}`
      })
    case 'token':
      return always(() => `Bearer ${credentials.token.reveal()}`)
    case 'oauth':
      return renewed(credentials, clock)
  }
}

/** What Confluent Cloud wants beside a token, as headers. */
export function registryHeadersOf(credentials: RegistryCredentials): Readonly<Record<string, string>> {
  if (credentials.kind !== 'token' && credentials.kind !== 'oauth') return {}
  const { logicalCluster, identityPool } = credentials
  return {
    ...(logicalCluster === undefined ? {} : { 'target-sr-cluster': logicalCluster }),
    ...(identityPool === undefined ? {} : { 'Confluent-Identity-Pool-Id': identityPool }),
  }
}

function always(header: () => string | undefined): RegistryAuthorization {
  return { header: () => Promise.resolve(header()), refused: () => false }
}

function renewed(credentials: OAuthCredentials, clock: Clock): RegistryAuthorization {
  let known: { readonly header: string; readonly expiresAtMs: number } | undefined
  const work = createSharedWork<string>(new AbortController().signal)
  const fetchHeader = async (signal: AbortSignal): Promise<string> => {
    const answer = await requestToken(credentials, clock, signal)
    if (answer.kind !== 'token') throw failureOf(answer)
    known = { header: `Bearer ${answer.token}`, expiresAtMs: answer.expiresAtMs }
    return known.header
  }
  return {
    header: async (signal) =>
      known !== undefined && isFresh(known, clock) ? known.header : await work.join('token', fetchHeader, signal),
    refused: (header) => {
      // Another request may have brought a new one meanwhile.
      if (known?.header === header) known = undefined
      return true
    },
  }
}

function failureOf(answer: Exclude<TokenAnswer, { readonly kind: 'token' }>): TailraceError {
  if (answer.kind === 'silent') {
    return new TailraceError('SCHEMA_REGISTRY_UNREACHABLE', answer.message, { cause: answer.cause })
  }
  const { status, message } = answer
  if (status === 200) return new TailraceError('SCHEMA_REGISTRY_RESPONSE', message)
  const isPassing = status >= 500 || status === 429 || status === 408
  return new TailraceError(isPassing ? 'SCHEMA_REGISTRY_UNREACHABLE' : 'SCHEMA_REGISTRY_AUTHORIZATION', message)
}
