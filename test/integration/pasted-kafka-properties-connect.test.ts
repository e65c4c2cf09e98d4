import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { realpath } from 'node:fs/promises'
import { readFileSync, realpathSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/async/system-clock.ts'
import { systemRng } from '../../src/async/system-rng.ts'
import { loadConfig } from '../../src/config/load-config.ts'
import { kafkaConnectionOf } from '../../src/hosts/kafka-connection-of.ts'
import { createWireKafka } from '../../src/kafka/wire-kafka.ts'
import { startSecuredKafka } from '../servers/secured-kafka.ts'
import type { SecuredKafka } from '../servers/secured-kafka.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'
import type { TemporaryFolder } from '../servers/temporary-folder.ts'

/** What consoles hand out, taken from the text of a pipeline file to a broker that checks it. */
describe('Kafka properties as users paste them', () => {
  let folder: TemporaryFolder
  let secured: SecuredKafka
  let tokens: Server
  let asked: { authorization: string; body: string }[] = []
  let paths: Readonly<Record<'ca' | 'cert' | 'key', string>>

  beforeAll(async () => {
    folder = await temporaryFolder()
    secured = await startSecuredKafka({ directory: folder.path })
    const { authority, clientCertificate, clientKey } = secured.certificates
    const [ca, cert, key] = await Promise.all([authority, clientCertificate, clientKey].map((file) => realpath(file)))
    paths = { ca: ca ?? '', cert: cert ?? '', key: key ?? '' }
    tokens = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => {
        asked.push({ authorization: request.headers.authorization ?? '', body })
        const isKnown = request.headers.authorization === `Basic ${btoa('client:not-a-real-secret')}`
        response.writeHead(isKnown ? 200 : 401, { 'content-type': 'application/json' })
        response.end(
          JSON.stringify(isKnown ? { access_token: unsignedToken(), expires_in: 600 } : { error: 'invalid_client' }),
        )
      })
    })
    await new Promise<void>((resolve) => tokens.listen(0, '127.0.0.1', resolve))
  })
  afterAll(async () => {
    tokens.close()
    await secured[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  })

  const clusterOf = async (properties: string): Promise<string> => {
    const text = `pipeline: p\nsource:\n  region: eu-west-1\n  tables: [t]\nkafka:\n${properties.replace(/^/gm, '  ')}`
    const config = loadConfig({
      text,
      path: '/pipeline.yaml',
      env: {},
      readFile: (path) => readFileSync(path),
      realPath: (path) => realpathSync(path),
    })
    const connection = kafkaConnectionOf(config.kafka, systemClock)
    await using kafka = createWireKafka({ connection, clock: systemClock, rng: systemRng })
    return (await kafka.cluster(AbortSignal.timeout(15_000))).clusterId
  }
  const server = (name: string): string => secured.kafka.listeners.get(name) ?? ''
  const oauth = (secret: string): string => `bootstrap.servers: ${server('SASL_SSL')}
security.protocol: SASL_SSL
sasl.mechanism: OAUTHBEARER
sasl.oauthbearer.token.endpoint.url: http://127.0.0.1:${(tokens.address() as AddressInfo).port}/token
sasl.oauthbearer.client.id: client
sasl.oauthbearer.client.secret: ${secret}
sasl.oauthbearer.scope: kafka
ssl.ca.location: ${paths.ca}`

  it.each<[string, () => string]>([
    [
      'librdkafka, SCRAM',
      () => `metadata.broker.list: ${server('SASL_SSL')}
security.protocol: sasl_ssl
sasl.mechanisms: SCRAM-SHA-512
sasl.username: scramuser
sasl.password: scram-secret
ssl.ca.location: ${paths.ca}`,
    ],
    [
      'Java, PLAIN by JAAS',
      () => `bootstrap.servers: ${server('SASL_SSL')}
security.protocol: SASL_SSL
sasl.mechanism: PLAIN
sasl.jaas.config: org.apache.kafka.common.security.plain.PlainLoginModule required username="app" password="app-secret";
ssl.truststore.type: PEM
ssl.truststore.location: ${paths.ca}`,
    ],
    [
      'a client certificate',
      () => `bootstrap.servers: ${server('SSL')}
security.protocol: SSL
ssl.ca.location: ${paths.ca}
ssl.certificate.location: ${paths.cert}
ssl.key.location: ${paths.key}`,
    ],
    ['OAUTHBEARER by client credentials', () => oauth('not-a-real-secret')],
  ])('let in: %s', async (_, properties) => {
    const expected = await clusterOf(`bootstrap.servers: ${secured.kafka.bootstrapServers}`)
    expect(await clusterOf(properties())).toBe(expected)
  })

  it('ask the token endpoint as RFC 6749 says, and never show the secret when it refuses', async () => {
    asked = []
    await expect(clusterOf(oauth('wrong-secret'))).rejects.toSatisfy((error: Error) => {
      expect(error).toMatchObject({ code: 'KAFKA_AUTHENTICATION' })
      expect(`${error.message} ${String(error.cause)}`).not.toContain('wrong-secret')
      return true
    })
    expect(asked[0]?.body).toBe('grant_type=client_credentials&scope=kafka')
    expect(asked[0]?.authorization).toMatch(/^Basic /)
  })

  it('refuse a broker whose certificate nobody trusts', async () => {
    const distrusting = `bootstrap.servers: ${server('SASL_SSL')}
security.protocol: SASL_SSL
sasl.mechanism: PLAIN
sasl.username: app
sasl.password: app-secret`
    await expect(clusterOf(distrusting)).rejects.toMatchObject({ code: 'KAFKA_TLS' })
  })
})

/** An unsigned token, as the broker's development validator takes it. */
function unsignedToken(): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const seconds = Math.floor(systemClock.now() / 1000)
  return `${part({ alg: 'none' })}.${part({ sub: 'somebody', iat: seconds, exp: seconds + 600 })}.`
}
