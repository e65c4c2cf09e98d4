import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { inspect } from 'node:util'
import { Admin, Connection, Producer, apiVersionsV4, metadataV12, stringSerializers } from '@platformatic/kafka'
import type { ConnectionOptions } from '@platformatic/kafka'
import { expect, inject, test } from 'vitest'
import { startLocalDynamoDb } from '../../src/hosts/demo/local-dynamodb.ts'
import { startLocalKafka } from '../../src/hosts/demo/local-kafka.ts'
import { isRunning } from '../servers/is-running.ts'
import { startSecuredKafka } from '../servers/secured-kafka.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'

const parentProgram = path.resolve(import.meta.dirname, '../servers/parent-of-servers.ts')

test('a parent killed by SIGKILL takes both servers with it', async () => {
  await using folder = await temporaryFolder()
  const parent = spawn(process.execPath, [parentProgram, folder.path], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [line] = (await once(createInterface(parent.stdout), 'line')) as [string]
    const pids = JSON.parse(line) as { kafka: number; dynamodb: number }
    expect(isRunning(pids.kafka)).toBe(true)
    expect(isRunning(pids.dynamodb)).toBe(true)

    parent.kill('SIGKILL')
    await expect.poll(() => isRunning(pids.kafka), { timeout: 5000 }).toBe(false)
    await expect.poll(() => isRunning(pids.dynamodb), { timeout: 5000 }).toBe(false)
  } finally {
    parent.kill('SIGKILL')
  }
})

test('a parent that ends by itself without stopping them takes both servers with it', async () => {
  await using folder = await temporaryFolder()
  const parent = spawn(process.execPath, [parentProgram, folder.path, 'exit'], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [line] = (await once(createInterface(parent.stdout), 'line')) as [string]
    const pids = JSON.parse(line) as { kafka: number; dynamodb: number }
    await expect.poll(() => isRunning(pids.kafka) || isRunning(pids.dynamodb), { timeout: 5000 }).toBe(false)
  } finally {
    parent.kill('SIGKILL')
  }
})

test('a broker that was killed comes back on the same port with its data', async () => {
  await using folder = await temporaryFolder()
  await using kafka = await startLocalKafka({ directory: folder.path })
  await createTopic(kafka.bootstrapServers, 'kept')
  expect(await produce(kafka.bootstrapServers, 'kept')).toBe(0n)

  const { bootstrapServers, pid } = kafka
  await kafka.kill()
  expect(isRunning(pid)).toBe(false)
  await kafka.restart()
  expect(kafka.pid).not.toBe(pid)
  expect(kafka.bootstrapServers).toBe(bootstrapServers)
  expect(await produce(bootstrapServers, 'kept')).toBe(1n)
  await kafka.restart()
  expect(await produce(bootstrapServers, 'kept')).toBe(2n)
})

test('stop leaves no process and can be repeated', async () => {
  await using folder = await temporaryFolder()
  const kafka = await startLocalKafka({ directory: folder.path })
  const dynamodb = await startLocalDynamoDb({ directory: folder.path })
  await Promise.all([kafka.stop(), dynamodb.stop()])
  await Promise.all([kafka.stop(), dynamodb.stop()])
  expect(isRunning(kafka.pid)).toBe(false)
  expect(isRunning(dynamodb.pid)).toBe(false)
})

test.each([
  ['while it formats its storage', 'server.properties'],
  ['while it starts', 'kafka.log'],
])('a start that is aborted %s leaves no process and rejects with the reason', async (_, sign) => {
  await using folder = await temporaryFolder()
  const stopped = new Error('stopped by the test')
  const start = new AbortController()
  const starting = startLocalKafka({ directory: folder.path, signal: start.signal })
  const outcome = starting.then(
    () => 'started',
    (error: unknown) => error,
  )
  const isThere = (): boolean => processesIn(folder.path).length > 0 && existsSync(path.join(folder.path, sign))
  await expect.poll(isThere, { timeout: 10_000, interval: 5 }).toBe(true)
  start.abort(stopped)
  expect(await outcome).toBe(stopped)
  await expect.poll(() => processesIn(folder.path), { timeout: 5000 }).toEqual([])
})

test('a broker that cannot start is a named error with the end of its log', async () => {
  await using folder = await temporaryFolder()
  const starting = startLocalKafka({ directory: folder.path, extraProperties: { 'log.retention.ms': 'soon' } })
  await expect(starting).rejects.toMatchObject({
    code: 'LOCAL_SERVER',
    message: expect.stringContaining('log.retention.ms'),
  })
})

test('clients are sent on to the advertised port', async () => {
  await using folder = await temporaryFolder()
  const proxy = createServer().listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const address = proxy.address()
  const proxyPort = typeof address === 'object' && address !== null ? address.port : 0
  try {
    await using kafka = await startLocalKafka({ directory: folder.path, advertisedPort: proxyPort })
    const { brokers } = await metadata(kafka.bootstrapServers)
    expect(brokers.map((broker) => broker.port)).toEqual([proxyPort])
  } finally {
    proxy.close()
  }
})

test('TLS, SASL and access control refuse what they should', async () => {
  await using folder = await temporaryFolder()
  await using secured = await startSecuredKafka({ directory: folder.path })
  const { kafka, certificates, users } = secured
  await createTopic(kafka.bootstrapServers, 'denied')
  const tls = { ca: readFileSync(certificates.authority) }
  const own = { key: readFileSync(certificates.clientKey), cert: readFileSync(certificates.clientCertificate) }
  const sasl = kafka.listeners.get('SASL_SSL') ?? ''
  const mutual = kafka.listeners.get('SSL') ?? ''
  const scram = { mechanism: 'SCRAM-SHA-512', username: users.scram.name, password: users.scram.password } as const
  const plain = { mechanism: 'PLAIN', username: users.plain.name, password: users.plain.password } as const
  const claims = Buffer.from(
    JSON.stringify({ sub: 'someone', iat: Math.floor(Date.now() / 1000), exp: Math.floor(Date.now() / 1000) + 3600 }),
  ).toString('base64url')
  const token = {
    mechanism: 'OAUTHBEARER',
    token: `${Buffer.from('{"alg":"none"}').toString('base64url')}.${claims}.`,
  } as const

  for (const options of [
    { sasl: scram },
    { sasl: { ...scram, mechanism: 'SCRAM-SHA-256' as const } },
    { sasl: plain },
    { sasl: token },
  ]) {
    const { brokers } = await metadata(sasl, [], { tls, ...options })
    expect(brokers.map((broker) => `${broker.host}:${broker.port}`)).toEqual([sasl])
    expect(await refusal(metadata(sasl, ['denied'], { tls, ...options }))).toContain('TOPIC_AUTHORIZATION_FAILED')
  }
  expect(await refusal(metadata(mutual, ['denied'], { tls: { ...tls, ...own } }))).toContain(
    'TOPIC_AUTHORIZATION_FAILED',
  )

  expect(await refusal(metadata(sasl, [], { tls, sasl: { ...scram, password: 'wrong' } }))).toContain('SASL')
  expect(await refusal(metadata(sasl, [], { tls: {}, sasl: scram }))).toContain('CERT')
  expect(await refusal(metadata(mutual, [], { tls }))).toContain('TLS')
})

test('the shared servers are there, with transactions V2', async () => {
  const features = await connected(inject('kafka').bootstrapServers, {}, (connection) =>
    apiVersionsV4.api.async(connection, 'tailrace-test', '1'),
  )
  const transactions = features.finalizedFeatures?.find(({ name }) => name === 'transaction.version')
  expect(transactions?.maxVersionLevel).toBe(2)
  const answer = await fetch(inject('dynamodb').endpoint)
  expect(answer.status).toBe(400) // it wants a signature
})

/** Process ids of this machine's programs that work in a folder. */
function processesIn(folder: string): readonly string[] {
  return readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && readlinkSync(`/proc/${name}/cwd`) === folder
    } catch {
      return false // it ended while we looked
    }
  })
}

interface Address {
  readonly host: string
  readonly port: number
}

async function connected<T>(
  address: string,
  options: ConnectionOptions,
  use: (to: Connection) => Promise<T>,
): Promise<T> {
  const [host = '', port] = address.split(':')
  const connection = new Connection('tailrace-test', { connectTimeout: 5000, requestTimeout: 5000, ...options })
  // A refused connection says why in an event, and its promises may stay open.
  const refused = new Promise<never>((_, reject) => connection.on('error', reject))
  try {
    await Promise.race([connection.connect(host, Number(port)), refused])
    return await Promise.race([use(connection), refused])
  } finally {
    void connection.close()
  }
}

function metadata(
  address: string,
  topics: string[] = [],
  options: ConnectionOptions = {},
): Promise<{ brokers: readonly Address[] }> {
  return connected(address, options, (connection) => metadataV12.api.async(connection, topics, false, false))
}

/** What an attempt was refused with: codes and messages of the error and of all that it holds. */
async function refusal(attempt: Promise<unknown>): Promise<string> {
  const outcome = await attempt.then(
    () => 'not refused',
    (error: unknown) => error,
  )
  return inspect(outcome, { depth: 6 })
}

async function createTopic(bootstrapServers: string, topic: string): Promise<void> {
  const admin = new Admin({ clientId: 'tailrace-test', bootstrapBrokers: [bootstrapServers] })
  try {
    await admin.createTopics({ topics: [topic], partitions: 1, replicas: 1 })
  } finally {
    await admin.close()
  }
}

/** Writes one record; resolves with its offset. */
async function produce(bootstrapServers: string, topic: string): Promise<bigint | undefined> {
  const producer = new Producer({
    clientId: 'tailrace-test',
    bootstrapBrokers: [bootstrapServers],
    serializers: stringSerializers,
  })
  try {
    const { offsets } = await producer.send({ messages: [{ topic, value: 'a record' }], acks: -1 })
    return offsets?.[0]?.offset
  } finally {
    await producer.close()
  }
}
