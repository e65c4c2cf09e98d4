import { createServer } from 'node:net'
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { KafkaConnectionOptions, KafkaSasl } from '../../src/kafka/kafka-connection.ts'
import { connectKafka } from '../servers/connected-kafka.ts'
import { freePort } from '../servers/free-port.ts'
import { startSecuredKafka } from '../servers/secured-kafka.ts'
import type { SecuredKafka } from '../servers/secured-kafka.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'
import type { TemporaryFolder } from '../servers/temporary-folder.ts'

const { signal } = new AbortController()
let folder: TemporaryFolder
let secured: SecuredKafka
let ca: Buffer

beforeAll(async () => {
  folder = await temporaryFolder()
  secured = await startSecuredKafka({ directory: folder.path })
  ca = await readFile(secured.certificates.authority)
})

afterAll(async () => {
  await secured[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

async function clusterVia(server: string, options: Partial<KafkaConnectionOptions>): Promise<string> {
  await using kafka = connectKafka(server, { connectTimeoutMs: 3000, requestTimeoutMs: 3000, ...options })
  return (await kafka.cluster(signal)).clusterId
}

const listener = (name: string): string => secured.kafka.listeners.get(name) ?? ''

/** An unsigned token, as the broker's development validator takes it. */
function unsignedToken(subject: string): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const seconds = Math.floor(Date.now() / 1000)
  return `${part({ alg: 'none' })}.${part({ sub: subject, iat: seconds, exp: seconds + 600 })}.`
}

test('every mechanism gets in: PLAIN, SCRAM, OAUTHBEARER with a provider, a client certificate', async () => {
  const { plain, scram } = secured.users
  const ways: readonly KafkaSasl[] = [
    { mechanism: 'PLAIN', username: plain.name, password: () => Promise.resolve(plain.password) },
    { mechanism: 'SCRAM-SHA-256', username: scram.name, password: scram.password },
    { mechanism: 'SCRAM-SHA-512', username: () => scram.name, password: scram.password },
    { mechanism: 'OAUTHBEARER', token: () => Promise.resolve(unsignedToken('somebody')) },
  ]
  const clusterId = await clusterVia(secured.kafka.bootstrapServers, {})
  for (const sasl of ways) expect(await clusterVia(listener('SASL_SSL'), { tls: { ca }, sasl })).toBe(clusterId)
  const { clientCertificate, clientKey } = secured.certificates
  const tls = { ca, cert: await readFile(clientCertificate), key: await readFile(clientKey) }
  expect(await clusterVia(listener('SSL'), { tls })).toBe(clusterId)
})

const sasl = (password: string): KafkaSasl => ({ mechanism: 'SCRAM-SHA-512', username: 'scramuser', password })

test.each<[string, string, () => [string, Partial<KafkaConnectionOptions>]]>([
  [
    'a wrong password',
    'KAFKA_AUTHENTICATION',
    () => [listener('SASL_SSL'), { tls: { ca }, sasl: sasl('bad-password') }],
  ],
  [
    'a token provider that fails',
    'KAFKA_AUTHENTICATION',
    () => [
      listener('SASL_SSL'),
      { tls: { ca }, sasl: { mechanism: 'OAUTHBEARER', token: () => Promise.reject(new Error('no credentials')) } },
    ],
  ],
  ['an unknown authority', 'KAFKA_TLS', () => [listener('SASL_SSL'), { tls: {}, sasl: sasl('scram-secret') }]],
  ['no client certificate', 'KAFKA_TLS', () => [listener('SSL'), { tls: { ca } }]],
  ['TLS to a plain listener', 'KAFKA_TLS', () => [secured.kafka.bootstrapServers, { tls: { ca } }]],
  ['no TLS to a TLS listener', 'KAFKA_TLS', () => [listener('SSL'), {}]],
  [
    'SASL to a listener without it',
    'KAFKA_AUTHENTICATION',
    () => [secured.kafka.bootstrapServers, { sasl: sasl('scram-secret') }],
  ],
  ['no SASL to a listener with it', 'KAFKA_UNREACHABLE', () => [listener('SASL_SSL'), { tls: { ca } }]],
  ['a name that does not exist', 'KAFKA_UNREACHABLE', () => ['nowhere.invalid:9092', {}]],
])('%s is told as %s', async (_, code, way) => {
  const [server, options] = way()
  const failure = clusterVia(server, options)
  await expect(failure).rejects.toMatchObject({ code })
  await expect(failure).rejects.not.toThrow(/bad-password|scram-secret/)
})

test('a closed port is told as KAFKA_UNREACHABLE, a silent one as KAFKA_TIMEOUT', async () => {
  await expect(clusterVia(`127.0.0.1:${await freePort()}`, {})).rejects.toMatchObject({ code: 'KAFKA_UNREACHABLE' })
  const silent = createServer(() => {})
  const port = await freePort()
  await new Promise<void>((resolve) => silent.listen(port, '127.0.0.1', resolve))
  try {
    await expect(clusterVia(`127.0.0.1:${port}`, { requestTimeoutMs: 500 })).rejects.toMatchObject({
      code: 'KAFKA_TIMEOUT',
    })
  } finally {
    silent.close()
  }
})

test('missing rights are named: topic, group, transactional id', async () => {
  const plain = {
    mechanism: 'PLAIN',
    username: secured.users.plain.name,
    password: secured.users.plain.password,
  } as const
  await using all = connectKafka(secured.kafka.bootstrapServers)
  await all.createTopic({ name: 'secret', partitions: 1, replicationFactor: -1, config: {} }, signal)
  await using kafka = connectKafka(listener('SASL_SSL'), { tls: { ca }, sasl: plain })
  const denied = (resource: string) => ({ code: 'KAFKA_AUTHORIZATION', details: { resource } })
  await expect(kafka.topics(['secret'], signal)).rejects.toMatchObject(denied('topic secret'))
  await expect(kafka.topicConfig('secret', signal)).rejects.toMatchObject(denied('topic secret'))
  const newTopic = { name: 'mine', partitions: 1, replicationFactor: -1, config: {} }
  await expect(kafka.createTopic(newTopic, signal)).rejects.toMatchObject(denied('topic mine'))
  await expect(kafka.groupMembers('secret', signal)).rejects.toMatchObject(denied('group secret'))
  const init = kafka.initProducerId({ transactionalId: 'lane.0', timeoutMs: 1000 }, signal)
  await expect(init).rejects.toMatchObject(denied('transactional id lane.0'))
})
