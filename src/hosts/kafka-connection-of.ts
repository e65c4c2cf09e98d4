import type { SecureVersion } from 'node:tls'
import type { Clock } from '../async/clock.ts'
import type { KafkaClientConfig, KafkaTls } from '../config/kafka-client-config.ts'
import type { KafkaConnectionOptions, KafkaSasl } from '../kafka/kafka-connection.ts'
import { createMskIamToken } from './msk-iam-token.ts'
import { createOAuthToken } from './oauth-token.ts'

/** Translates the configuration into what the Kafka leaf connects with; tokens are fetched when a broker asks. */
export function kafkaConnectionOf(config: KafkaClientConfig, clock: Clock): KafkaConnectionOptions {
  return {
    brokers: config.brokers,
    clientId: config.clientId,
    connectTimeoutMs: config.connectTimeoutMs,
    requestTimeoutMs: config.requestTimeoutMs,
    ...(config.tls === undefined ? {} : { tls: tlsOf(config.tls) }),
    ...(config.sasl === undefined ? {} : { sasl: saslOf(config.sasl, clock) }),
  }
}

function tlsOf(tls: KafkaTls): NonNullable<KafkaConnectionOptions['tls']> {
  const minVersion: SecureVersion = tls.minVersion
  return {
    minVersion,
    rejectUnauthorized: tls.isVerified,
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls.key === undefined ? {} : { key: tls.key.reveal() }),
    ...(tls.passphrase === undefined ? {} : { passphrase: tls.passphrase.reveal() }),
    // The chain is still verified; only the comparison of names was switched off, by name.
    ...(tls.isHostNameChecked ? {} : { checkServerIdentity: () => undefined }),
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
