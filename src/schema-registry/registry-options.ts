import type { ConnectionOptions } from 'node:tls'
import type { Clock } from '../async/clock.ts'
import type { Rng } from '../async/rng.ts'
import type { ErrorCode } from '../error-catalogue.ts'
import type { RegistryWait } from './schema-registry.ts'

/** Where a registry is and how it is asked. */
export interface RegistryOptions {
  readonly clock: Clock
  readonly rng: Rng
  /** Base URLs of one registry, without user names; a path is kept. At least one; the next is asked where one fails. */
  readonly urls: readonly string[]
  /** What `resolve` does: register, only look up, or take the subject's latest. */
  readonly mode: 'register' | 'look-up' | 'latest'
  /** With the latest: refuse it unless it encodes as the given schema does. */
  readonly comparesLatest: boolean
  /** Lets the registry bring schemas into its normal form before it compares them. */
  readonly normalizes: boolean
  /** The registry's context that all subjects are in; undefined means the default one. */
  readonly context: string | undefined
  readonly authorization: RegistryAuthorization
  /** Sent with every request, beside the authorization. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** For https, in Node's words; undefined means Node's defaults. */
  readonly tls?: RegistryTls | undefined
  /** Called before each wait. Must not throw. */
  readonly onWait?: ((wait: RegistryWait) => void) | undefined
  /** Codes that are passed on although their policy is `retry`: a pre-flight check does not wait. */
  readonly giveUpOn?: readonly ErrorCode[] | undefined
  /** How long one request may take in all; default 30 s. */
  readonly requestTimeoutMs?: number | undefined
}

/** Who we are, as an HTTP header. */
export interface RegistryAuthorization {
  /**
   * The value of `Authorization`; undefined sends none. May ask somewhere else: rejects with errors whose policy is
   * `retry`, or with SCHEMA_REGISTRY_AUTHORIZATION.
   */
  header(signal: AbortSignal): Promise<string | undefined>
  /** Told that the registry refused this header. True if the next one may be another one. */
  refused(header: string | undefined): boolean
}

/** What a TLS connection is made with. */
export type RegistryTls = Pick<
  ConnectionOptions,
  'minVersion' | 'rejectUnauthorized' | 'ca' | 'cert' | 'key' | 'passphrase' | 'checkServerIdentity'
>
