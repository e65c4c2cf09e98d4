import type { Secret } from './secret.ts'

/** How to reach the Kafka cluster, whatever names the properties had. Whoever connects maps this to its client. */
export interface KafkaClientConfig {
  /** `host:port` (`[ipv6]:port`), in the order given; at least one. */
  readonly brokers: readonly string[]
  readonly clientId: string
  /** Undefined means plain TCP. */
  readonly tls: KafkaTls | undefined
  /** Undefined means no SASL. */
  readonly sasl: KafkaSasl | undefined
  /** After this long a broker ends a transaction that its owner left open. */
  readonly transactionTimeoutMs: number
  /** A worker that is silent for this long is out of the group. */
  readonly sessionTimeoutMs: number
  readonly heartbeatMs: number
  readonly compression: KafkaCompression
  /** How long one request may take. */
  readonly requestTimeoutMs: number
  /** How long a connection may take, TLS included. */
  readonly connectTimeoutMs: number
}

/** TLS settings; at least version 1.2 in any case. Texts are PEM. */
export interface KafkaTls {
  readonly minVersion: 'TLSv1.2'
  /** Undefined means the authorities that Node.js trusts. */
  readonly ca: string | undefined
  readonly cert: string | undefined
  readonly key: Secret | undefined
  readonly passphrase: Secret | undefined
  /** False only if the user switched the verification of certificates off by name. */
  readonly isVerified: boolean
  /** False only if the user switched the comparison of certificate and host name off by name. */
  readonly isHostNameChecked: boolean
}

/** Credentials by mechanism. */
export type KafkaSasl = PasswordSasl | OAuthSasl | MskIamSasl

export interface PasswordSasl {
  readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'
  readonly username: string
  readonly password: Secret
}

/** The client-credentials grant of OAuth 2. */
export interface OAuthSasl {
  readonly mechanism: 'OAUTHBEARER'
  readonly tokenEndpoint: string
  readonly clientId: string
  readonly clientSecret: Secret
  readonly scope: string | undefined
  /** SASL extensions that go with the token (`logicalCluster`, `identityPoolId`). */
  readonly extensions: Readonly<Record<string, string>>
}

/** A token signed with AWS credentials; on the wire it is OAUTHBEARER. */
export interface MskIamSasl {
  readonly mechanism: 'AWS_MSK_IAM'
  readonly region: string
  readonly profile: string | undefined
  readonly role:
    | { readonly arn: string; readonly sessionName: string | undefined; readonly externalId: string | undefined }
    | undefined
}

/** Compression of record batches, by Kafka's names. */
export type KafkaCompression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
