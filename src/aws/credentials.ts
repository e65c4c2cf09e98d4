import type { Clock } from '../async/clock.ts'
import { untilAborted } from '../async/until-aborted.ts'
import { outOfFileHandles, TailraceError } from '../errors.ts'
import type { Environment } from './endpoints.ts'

/** What requests are signed with. Never logged, never part of a message. */
export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
  readonly expiration?: Date | undefined
}

/** Credentials as a request needs them: cached, renewed before they expire and after the service refused them. */
export interface CredentialsCache {
  /**
   * Usable credentials; asks the provider only if there are none or the cached ones are about to expire. Rejects with
   * AWS_CREDENTIALS if the provider has none, AWS_ACCESS_DENIED if a role may not be assumed.
   */
  get(signal: AbortSignal): Promise<AwsCredentials>
  /** The service did not accept these: ask the provider anew at the next `get` (at most every five seconds). */
  refuse(used: AwsCredentials): void
}

/**
 * Asks a provider for credentials. `afterRefusal` is true when the service rejected the ones it gave before, so that
 * whatever it remembers (a parsed profile file, an assumed role) must be thrown away.
 */
export type CredentialsLoader = (afterRefusal: boolean) => Promise<AwsCredentials>

/** A role to work under, for tables of another account. */
export interface AssumedRole {
  readonly roleArn: string
  readonly externalId?: string
  readonly sessionName?: string
}

/**
 * Which provider to ask: the SDK's default chain (environment, profile, SSO, web identity, container, instance), unless
 * there is an access key.
 */
export interface CredentialsOptions {
  readonly region: string
  readonly profile?: string
  readonly accessKey?: {
    readonly accessKeyId: string
    readonly secretAccessKey: string
    readonly sessionToken?: string
  }
  readonly assumeRole?: AssumedRole
  /** Where the chain would look first. Given, the SDK is loaded only if there are no credentials in it, or a role. */
  readonly env?: Environment
}

/** Renewal begins this long before the expiry, and blocks requests only in the last part of it. */
const renewAheadMs = 300_000
const renewBlockingMs = 60_000
const minimumReloadIntervalMs = 5_000

/** A loader over the access key or the SDK's default provider chain, with an assumed role on top if one is given. */
export function createCredentialsLoader(options: CredentialsOptions): CredentialsLoader {
  let chain = providerChain(options, false)
  return (afterRefusal) => {
    // The SDK's chain remembers credentials without an expiry for ever; only a new chain reads the files again.
    if (afterRefusal) chain = providerChain(options, true)
    return chain()
  }
}

/** The SDK's providers take long to load, which counts where a process is started for one request. */
function providerChain(options: CredentialsOptions, ignoreCache: boolean): () => Promise<AwsCredentials> {
  const known = options.accessKey ?? environmentCredentials(options)
  if (known !== undefined && options.assumeRole === undefined) return () => Promise.resolve(known)
  let chain: Promise<() => Promise<AwsCredentials>> | undefined
  return async () => {
    // A failure to load them (too many open files) must not be remembered.
    chain ??= openChain(options, known, ignoreCache).catch((error: unknown) => {
      chain = undefined
      throw error
    })
    return (await chain)()
  }
}

async function openChain(
  options: CredentialsOptions,
  known: AwsCredentials | undefined,
  ignoreCache: boolean,
): Promise<() => Promise<AwsCredentials>> {
  const { fromNodeProviderChain, fromTemporaryCredentials } = await import('@aws-sdk/credential-providers')
  const { assumeRole: role } = options
  const base =
    known === undefined
      ? fromNodeProviderChain({
          clientConfig: { region: options.region },
          ignoreCache,
          ...(options.profile === undefined ? {} : { profile: options.profile }),
        })
      : () => Promise.resolve(asSdkCredentials(known))
  if (role === undefined) return base
  return fromTemporaryCredentials({
    masterCredentials: base,
    clientConfig: { region: options.region },
    params: {
      RoleArn: role.roleArn,
      RoleSessionName: role.sessionName ?? 'tailrace',
      ...(role.externalId === undefined ? {} : { ExternalId: role.externalId }),
    },
  })
}

/** What the first provider of the chain finds; it is passed over where a profile is named. */
function environmentCredentials({ env = {}, profile }: CredentialsOptions): AwsCredentials | undefined {
  const accessKeyId = env['AWS_ACCESS_KEY_ID'] ?? ''
  const secretAccessKey = env['AWS_SECRET_ACCESS_KEY'] ?? ''
  const isProfileNamed = profile !== undefined || (env['AWS_PROFILE'] ?? '') !== ''
  if (isProfileNamed || accessKeyId === '' || secretAccessKey === '') return undefined
  const sessionToken = env['AWS_SESSION_TOKEN'] ?? ''
  const expiration = Date.parse(env['AWS_CREDENTIAL_EXPIRATION'] ?? '')
  return {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken === '' ? {} : { sessionToken }),
    ...(Number.isNaN(expiration) ? {} : { expiration: new Date(expiration) }),
  }
}

function asSdkCredentials({ accessKeyId, secretAccessKey, sessionToken, expiration }: AwsCredentials): {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly expiration?: Date
} {
  return {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken === undefined ? {} : { sessionToken }),
    ...(expiration === undefined ? {} : { expiration }),
  }
}

/**
 * A cache over `load`. Concurrent callers share one request to the provider, which goes on when they stop waiting; its result
 * then serves the next caller.
 */
export function createCredentialsCache(options: {
  readonly clock: Clock
  readonly load: CredentialsLoader
  /** Names the role in error messages. */
  readonly roleArn?: string
}): CredentialsCache {
  const { clock } = options
  let cached: AwsCredentials | undefined
  let loading: Promise<AwsCredentials> | undefined
  let isRefused = false
  let loadedAtMs = Number.NEGATIVE_INFINITY

  const reload = (): Promise<AwsCredentials> => {
    loading ??= load()
    return loading
  }
  const load = async (): Promise<AwsCredentials> => {
    const afterRefusal = isRefused
    loadedAtMs = clock.monotonic()
    try {
      cached = await options.load(afterRefusal)
      isRefused = false
      return cached
    } catch (error) {
      throw credentialsError(error, options.roleArn)
    } finally {
      loading = undefined
    }
  }

  return {
    get: (signal) => {
      const leftMs =
        cached?.expiration === undefined ? Number.POSITIVE_INFINITY : cached.expiration.getTime() - clock.now()
      const isRecent = clock.monotonic() - loadedAtMs < minimumReloadIntervalMs
      if (cached === undefined) return untilAborted(reload(), signal)
      if (isRecent || (!isRefused && leftMs > renewAheadMs)) return Promise.resolve(cached)
      const renewed = reload()
      if (isRefused || leftMs <= renewBlockingMs) return untilAborted(renewed, signal)
      // Still good for a while: a failure here comes back when the credentials are really needed.
      renewed.catch(() => {})
      return Promise.resolve(cached)
    },
    refuse: (used) => {
      if (used === cached) isRefused = true
    },
  }
}

function credentialsError(error: unknown, roleArn: string | undefined): TailraceError {
  const exhausted = outOfFileHandles(error, 'looking for AWS credentials')
  if (exhausted !== undefined) return exhausted
  const name = error instanceof Error ? error.name : ''
  if (name === 'AccessDenied' || name === 'AccessDeniedException') {
    return new TailraceError(
      'AWS_ACCESS_DENIED',
      `Not allowed: sts:AssumeRole on ${roleArn ?? 'the configured role'}`,
      {
        cause: error,
        details: { action: 'sts:AssumeRole', resource: roleArn },
      },
    )
  }
  const role = roleArn === undefined ? '' : ` for ${roleArn}`
  return new TailraceError(
    'AWS_CREDENTIALS',
    `No usable AWS credentials${role} (${name === '' ? 'unknown error' : name})`,
    {
      cause: error,
    },
  )
}
