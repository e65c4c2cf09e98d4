import type { ConnectorPolicy } from './connector-policy.ts'
import type { KafkaClientConfig } from '../kafka-client-config.ts'
import type { Listener } from './listener.ts'
import type { Secret } from '../secret.ts'

/** A service as the file of its process describes it: checked, defaults filled in, never changed. */
export interface ServiceConfig {
  /** Connect's `group.id`. */
  readonly group: string
  /** How the service itself reaches Kafka. */
  readonly kafka: KafkaClientConfig
  readonly configTopic: OwnTopic
  readonly statusTopic: OwnTopic
  /** At least one; the first one is advertised unless `advertised` says otherwise. */
  readonly listeners: readonly Listener[]
  readonly advertised: {
    readonly scheme: 'http' | 'https' | undefined
    readonly host: string | undefined
    readonly port: number | undefined
  }
  /** PEM texts for `https` listeners; undefined where there is none. */
  readonly tls: ServiceTls | undefined
  readonly access: ServiceAccess
  /** What connectors may ask for. */
  readonly policy: ConnectorPolicy
  readonly processTimeoutMs: number
  readonly memoryMaxBytes: number
  readonly log: {
    readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'
    readonly format: 'auto' | 'json' | 'pretty'
  }
  /** Every secret of the file, for whoever hides them. */
  readonly secrets: readonly Secret[]
  /** What the operator should know although it stops nothing. */
  readonly notes: readonly string[]
}

/** A topic of the service. */
export interface OwnTopic {
  readonly name: string
  readonly replicationFactor: number
}

/** Who may use the service. */
export interface ServiceAccess {
  /** The list of those who may; undefined where nobody is asked. */
  readonly list: { readonly path: string; readonly text: string } | undefined
  readonly forwardSecret: Secret | undefined
  readonly hosts: readonly string[]
  readonly origins: readonly string[]
}

/** Key, certificates and authorities. */
export interface ServiceTls {
  /** Holds the private key and the chain. */
  readonly keystore: Secret
  readonly truststore: string | undefined
  /** Clients may show certificates. */
  readonly asksClients: boolean
}
