import { startLocalKafka } from '../../src/hosts/demo/local-kafka.ts'
import type { LocalKafka, LocalKafkaOptions } from '../../src/hosts/demo/local-kafka.ts'
import { makeCertificates } from './certificates.ts'
import type { Certificates } from './certificates.ts'

/** A broker with TLS, SASL and access control. */
export interface SecuredKafka extends AsyncDisposable {
  /** Its plain listener is all-powerful and hands out rights; its `listeners` are SASL_SSL and SSL. */
  readonly kafka: LocalKafka
  readonly certificates: Certificates
  readonly users: typeof users
}

/** SCRAM (both kinds) and PLAIN users. `admin` may do everything, the others nothing until they are given rights. */
const users = {
  scram: { name: 'scramuser', password: 'scram-secret' },
  plain: { name: 'app', password: 'app-secret' },
  admin: { name: 'admin', password: 'admin-secret' },
} as const

const modules = 'org.apache.kafka.common.security'

/**
 * Starts a broker with two more listeners: SASL_SSL for PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 and OAUTHBEARER (unsigned
 * tokens with sub, iat and exp pass), and SSL, which asks for a client certificate. Clients reach both by `localhost`.
 */
export async function startSecuredKafka(options: LocalKafkaOptions): Promise<SecuredKafka> {
  const certificates = await makeCertificates(options.directory)
  const { plain, admin, scram } = users
  const kafka = await startLocalKafka({
    ...options,
    scramUsers: [scram],
    listeners: [
      {
        name: 'SASL_SSL',
        protocol: 'SASL_SSL',
        advertisedHost: 'localhost',
        properties: {
          'plain.sasl.jaas.config': `${modules}.plain.PlainLoginModule required user_${plain.name}="${plain.password}" user_${admin.name}="${admin.password}";`,
          'scram-sha-256.sasl.jaas.config': `${modules}.scram.ScramLoginModule required;`,
          'scram-sha-512.sasl.jaas.config': `${modules}.scram.ScramLoginModule required;`,
          'oauthbearer.sasl.jaas.config': `${modules}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`,
        },
      },
      {
        name: 'SSL',
        protocol: 'SSL',
        advertisedHost: 'localhost',
        properties: { 'ssl.client.auth': 'required' },
      },
    ],
    extraProperties: {
      'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.location': certificates.brokerKeystore,
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': certificates.authority,
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': `User:ANONYMOUS;User:${admin.name}`,
      'allow.everyone.if.no.acl.found': 'false',
      ...options.extraProperties,
    },
  })
  return { kafka, certificates, users, [Symbol.asyncDispose]: () => kafka.stop() }
}
