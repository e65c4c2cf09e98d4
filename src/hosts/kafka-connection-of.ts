import type { Clock } from '../async/clock.ts'
import type { KafkaClientConfig } from '../config/kafka-client-config.ts'
import type { KafkaConnectionOptions, KafkaSasl } from '../kafka/kafka-connection.ts'
import { createMskIamToken } from './msk-iam-token.ts'
import { createOAuthToken } from './oauth-token.ts'
import { tlsOptionsOf } from './tls-options-of.ts'

/** Translates the configuration into what the Kafka leaf connects with; tokens are fetched when a broker asks. */
export function kafkaConnectionOf(config: KafkaClientConfig, clock: Clock): KafkaConnectionOptions {
  return {
    brokers: config.brokers,
    clientId: config.clientId,
    connectTimeoutMs: config.connectTimeoutMs,
    requestTimeoutMs: config.requestTimeoutMs,
    ...(config.tls === undefined ? {} : { tls: tlsOptionsOf(config.tls) }),
    ...(config.sasl === undefined ? {} : { sasl: saslOf(config.sasl, clock) }),
  }
}

function saslOf(sasl: NonNullable<KafkaClientConfig['sasl']>, clock: Clock): KafkaSasl {
  switch (sasl.mechanism) {
    case 'AWS_MSK_IAM':
      return { mechanism: 'OAUTHBEARER', token: createMskIamToken(sasl, clock) }
    case 'OAUTHBEARER':
      return { mechanism: 'OAUTHBEARER', token: createOAuthToken(sasl, clock), extensions: sasl.extensions }
    default:
      return { mechanism: sasl.mechanism, username: sasl.username, password: () => sasl.password.reveal() }
  }
}
