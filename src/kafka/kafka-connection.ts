import { isIP } from 'node:net'
import type { ConnectionOptions as TlsOptions } from 'node:tls'
import type { ConnectionOptions } from '@platformatic/kafka'
import { TailraceError } from '../errors.ts'

/** Where the cluster is and how to be let in. Times in milliseconds. */
export interface KafkaConnectionOptions {
  /** `host:port` each, as in `bootstrap.servers`. Only the way in: the cluster names its brokers itself. */
  readonly brokers: readonly string[]
  /** Shown in the brokers' logs and quotas. Default `tailrace`. */
  readonly clientId?: string
  /** Given: TLS on every connection, with SNI and host name verification unless switched off in here. */
  readonly tls?: TlsOptions
  readonly sasl?: KafkaSasl
  /** For TCP, TLS and SASL together. Default 5,000. */
  readonly connectTimeoutMs?: number
  /** For one answer, the waiting of all in-sync replicas included. Default 15,000. */
  readonly requestTimeoutMs?: number
  /**
   * A connection that was not used for so long is asked whether it is alive before it is used again: the process may have
   * been frozen, and what was cut meanwhile looks open. Default: none is asked.
   */
  readonly suspectAfterMs?: number
}

/** A value, or a function that gets it. Functions are asked again for every connection and every re-authentication. */
export type Credential = string | (() => string | Promise<string>)

/** SASL mechanism and credentials. AWS_MSK_IAM is OAUTHBEARER with a signed token. */
export type KafkaSasl =
  | {
      readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'
      readonly username: Credential
      readonly password: Credential
    }
  | {
      readonly mechanism: 'OAUTHBEARER'
      readonly token: Credential
      readonly extensions?: Readonly<Record<string, string>>
    }

export interface BrokerAddress {
  readonly host: string
  readonly port: number
}

export const defaultConnectTimeoutMs = 5000
export const defaultRequestTimeoutMs = 15_000

/** Reads `host:port`, `[ipv6]:port`, or a host alone (port 9092). Rejects what is neither with CONFIG_INVALID. */
export function parseBroker(text: string): BrokerAddress {
  const match = /^(?:\[([^\]]+)\]|([^:\s]+))(?::(\d{1,5}))?$/.exec(text.trim())
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3] ?? 9092)
  if (host === undefined || port < 1 || port > 65_535) {
    throw new TailraceError('CONFIG_INVALID', `bootstrap.servers: "${text}" is not host:port.`)
  }
  return { host, port }
}

/** The same options in the words of the wire library, for a connection to one broker. */
export function connectionOptions(options: KafkaConnectionOptions, broker: BrokerAddress): ConnectionOptions {
  const { tls, sasl } = options
  return {
    connectTimeout: options.connectTimeoutMs ?? defaultConnectTimeoutMs,
    requestTimeout: options.requestTimeoutMs ?? defaultRequestTimeoutMs,
    ...(tls === undefined ? {} : { tls }),
    // SNI must be a name; several providers route by it.
    ...(tls === undefined || isIP(broker.host) !== 0 ? {} : { tlsServerName: tls.servername ?? true }),
    ...(sasl === undefined ? {} : { sasl: saslOptions(sasl) }),
  }
}

function saslOptions(sasl: KafkaSasl): NonNullable<ConnectionOptions['sasl']> {
  if (sasl.mechanism !== 'OAUTHBEARER') return sasl
  const { mechanism, token, extensions } = sasl
  return { mechanism, token, ...(extensions === undefined ? {} : { oauthBearerExtensions: { ...extensions } }) }
}
