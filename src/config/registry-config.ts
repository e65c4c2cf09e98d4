import type { AwsIdentityConfig } from './aws-identity-config.ts'
import type { KafkaTls } from './kafka-client-config.ts'
import type { Secret } from './secret.ts'

/** A schema registry and how schemas get there, whatever the properties said. */
export type RegistryConfig = ConfluentRegistryConfig | GlueRegistryConfig

/** A registry of Confluent's protocol. */
export interface ConfluentRegistryConfig {
  readonly kind: 'confluent'
  /** Base URLs of one registry in the order given, without user names; at least one. */
  readonly urls: readonly string[]
  readonly credentials: RegistryCredentials
  /** Undefined means Node's defaults, where a URL is https. */
  readonly tls: KafkaTls | undefined
  /** What is done about a schema that is to be written with. */
  readonly mode: 'register' | 'look-up' | 'latest'
  /** The latest schema must encode as ours does. */
  readonly comparesLatest: boolean
  readonly normalizes: boolean
  /** Undefined means the default context. */
  readonly context: string | undefined
}

/** A registry of AWS Glue. Its identity is that of the source. */
export interface GlueRegistryConfig extends AwsIdentityConfig {
  readonly kind: 'glue'
  readonly registryName: string
  readonly region: string
  readonly endpoint: string | undefined
  /** Of schemas that are made, in Glue's words. */
  readonly compatibility:
    | 'NONE'
    | 'DISABLED'
    | 'BACKWARD'
    | 'BACKWARD_ALL'
    | 'FORWARD'
    | 'FORWARD_ALL'
    | 'FULL'
    | 'FULL_ALL'
  /** Of values. */
  readonly compression: 'none' | 'zlib'
  readonly mode: ConfluentRegistryConfig['mode']
  readonly comparesLatest: boolean
}

/** How the registry knows us. */
export type RegistryCredentials = NoCredentials | BasicCredentials | TokenCredentials | OAuthCredentials

export interface NoCredentials {
  readonly kind: 'none'
}

export interface BasicCredentials {
  readonly kind: 'basic'
  readonly username: string
  readonly password: Secret
}

export interface TokenCredentials extends TokenAudience {
  readonly kind: 'token'
  readonly token: Secret
}

/** The client-credentials grant of OAuth 2. */
export interface OAuthCredentials extends TokenAudience {
  readonly kind: 'oauth'
  readonly tokenEndpoint: string
  readonly clientId: string
  readonly clientSecret: Secret
  readonly scope: string | undefined
}

/** What Confluent Cloud wants to know beside a token. */
interface TokenAudience {
  readonly logicalCluster: string | undefined
  readonly identityPool: string | undefined
}
