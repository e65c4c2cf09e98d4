import { randomUUID } from 'node:crypto'
import { createServer } from 'node:net'
import { AclOperations, AclPermissionTypes, Admin, ResourcePatternTypes, ResourceTypes } from '@platformatic/kafka'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { openCli } from '../servers/cli-under-test.ts'
import type { CliUnderTest } from '../servers/cli-under-test.ts'
import { freePort } from '../servers/free-port.ts'
import { configText, outputOf, readConfig, readOutput, startWorker } from '../servers/pipeline-under-test.ts'
import { startSecuredKafka } from '../servers/secured-kafka.ts'
import type { SecuredKafka } from '../servers/secured-kafka.ts'
import { refusal, refused } from '../servers/refusal.ts'
import { startStreamSimulator } from '../servers/stream-simulator/stream-simulator.ts'
import type { SimulatedTable } from '../servers/stream-simulator/simulated-table.ts'
import type { StreamSimulator } from '../servers/stream-simulator/stream-simulator.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'
import type { TemporaryFolder } from '../servers/temporary-folder.ts'
import { setTopicConfig } from '../servers/topic-admin.ts'

const { bootstrapServers } = inject('kafka')
const passwords = { KAFKA_PASSWORD: 'app-secret', KAFKA_WRONG: 'canary-wrong-password' }

let admin: Admin
let cli: CliUnderTest
let simulator: StreamSimulator
let orders: SimulatedTable
let pipeline = ''

const newTable = (name: string): SimulatedTable =>
  simulator.createTable({ name, keySchema: [{ name: 'id', type: 'S' }], viewType: 'NEW_AND_OLD_IMAGES' })

beforeAll(() => {
  admin = new Admin({ clientId: 'bad-input', bootstrapBrokers: [bootstrapServers] })
})
afterAll(() => admin.close())
beforeEach(async () => {
  cli = openCli(passwords)
  simulator = await startStreamSimulator()
  orders = newTable('orders')
  pipeline = `bad-${randomUUID().slice(0, 8)}`
})
afterEach(async () => {
  await simulator.stop()
  cli[Symbol.dispose]()
})

const textOf = (parts: { server?: string; tables?: readonly string[]; more?: string } = {}): string => {
  const { server = bootstrapServers, tables = ['orders'], more = '' } = parts
  const { endpoint } = simulator
  return configText({ pipeline, endpoint, bootstrapServers: server, tables, more: `http.listen: off\n${more}` })
}
describe('a cluster that cannot be reached', () => {
  it('nobody listens', async () => {
    expect(await refusal(cli, admin, textOf({ server: `127.0.0.1:${await freePort()}` }))).toEqual(
      refused('KAFKA_UNREACHABLE', /ECONNREFUSED/),
    )
  })

  it('somebody listens who does not answer', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    try {
      const port = await new Promise<number>((resolve) => {
        server.once('listening', () => resolve((server.address() as { port: number }).port))
      })
      const file = cli.file(
        'pipeline.yaml',
        textOf({ server: `127.0.0.1:${port}`, more: 'kafka.request.timeout.ms: 1500' }),
      )
      const ran = await cli.run('run', file)
      expect(ran.stderr).toContain('[KAFKA_TIMEOUT]')
      expect(ran.exitCode).toBe(2)
    } finally {
      server.close()
    }
  })
})

describe('a cluster that lets nobody in', () => {
  let folder: TemporaryFolder
  let secured: SecuredKafka
  let rights: Admin
  beforeAll(async () => {
    folder = await temporaryFolder()
    secured = await startSecuredKafka({ directory: folder.path })
    rights = new Admin({ clientId: 'rights', bootstrapBrokers: [secured.kafka.bootstrapServers] })
  })
  afterAll(async () => {
    await rights.close()
    await secured[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  })

  const secureText = (more: { password?: string; ca?: string } = {}): string => {
    const { password = 'KAFKA_PASSWORD', ca = secured.certificates.authority } = more
    const server = secured.kafka.listeners.get('SASL_SSL') ?? ''
    return textOf({ server }).replace(
      /^kafka:\n/m,
      `kafka:
  security.protocol: SASL_SSL
  sasl.mechanism: PLAIN
  sasl.username: ${secured.users.plain.name}
  sasl.password: \${env:${password}}
  ${ca === '' ? 'client.id: without-authority' : `ssl.ca.location: ${ca}`}
`,
    )
  }
  const allow = (resourceType: number, resourceName: string, ...operations: readonly number[]): Promise<void> =>
    rights.createAcls({
      creations: operations.map((operation) => ({
        resourceType: resourceType as 2,
        resourceName,
        resourcePatternType: ResourcePatternTypes.PREFIXED,
        principal: `User:${secured.users.plain.name}`,
        host: '*',
        operation: operation as 3,
        permissionType: AclPermissionTypes.ALLOW,
      })),
    })

  it('a certificate that is not trusted', async () => {
    expect(await refusal(cli, rights, secureText({ ca: '' }))).toEqual(refused('KAFKA_TLS', /certificate/i))
  })

  it('a password that is wrong; nobody gets to see it', async () => {
    const found = await refusal(cli, rights, secureText({ password: 'KAFKA_WRONG' }))
    expect(found).toEqual(refused('KAFKA_AUTHENTICATION', /SASL/i))
    expect(JSON.stringify(found)).not.toContain(passwords.KAFKA_WRONG)
  })

  it('rights that are missing: all of them are named, and with each that is granted one less', async () => {
    const { READ, WRITE, CREATE, DESCRIBE_CONFIGS } = AclOperations
    const ledger = `tailrace.${pipeline}.ledger`
    const none = await refusal(cli, rights, secureText())
    expect(none).toEqual(refused('KAFKA_AUTHORIZATION', /transactional id/))
    expect(none.text).toContain(`group tailrace.${pipeline}`)
    expect(none.text).toContain(`topic ${ledger}`)
    expect(none.text).toContain(`topic ${pipeline}.orders`)

    await allow(ResourceTypes.TOPIC, ledger, READ, WRITE, CREATE, DESCRIBE_CONFIGS)
    await allow(ResourceTypes.TOPIC, `${pipeline}.`, WRITE, CREATE, DESCRIBE_CONFIGS)
    await allow(ResourceTypes.GROUP, `tailrace.${pipeline}`, READ)
    const message = new RegExp(`TRANSACTIONAL_ID_AUTHORIZATION_FAILED|transactional id tailrace\\.${pipeline}\\.0`)
    await expect
      .poll(async () => (await cli.run('check', cli.file('pipeline.yaml', secureText()))).stdout, { timeout: 10_000 })
      .not.toMatch(/failed +(group|topic)/)
    const last = await refusal(cli, rights, secureText())
    expect(last).toEqual(refused('KAFKA_AUTHORIZATION', message))
    expect(last.text.match(/\[KAFKA_AUTHORIZATION\]/g)).toHaveLength(1)

    await allow(ResourceTypes.TRANSACTIONAL_ID, `tailrace.${pipeline}`, WRITE)
    await expect.poll(() => cli.json('check', 'pipeline.yaml'), { timeout: 10_000 }).toMatchObject({ exitCode: 0 })
    orders.put({ id: { S: 'a' } })
    const worker = cli.start(['run', 'pipeline.yaml'])
    await outputOf(secured.kafka.bootstrapServers, `${pipeline}.orders`, 1)
    expect(await worker.interrupt()).toMatchObject({ exitCode: 0 })
    // A topic that exists shows what may be done with it: reading alone is not enough.
    const readers = `readers-${pipeline}`
    await rights.createTopics({ topics: [`${readers}.orders`], partitions: 2, replicas: 1 })
    await allow(ResourceTypes.TOPIC, readers, READ)
    const text = `${secureText()}\ntopic.prefix: ${readers}\n`.replace(pipeline, `${pipeline}-2`)
    const file = cli.file('readers.yaml', text)
    await expect
      .poll(async () => (await cli.run('check', file)).stdout, { timeout: 10_000 })
      .toMatch(/lacks WRITE on topic readers-/)
  })
})

describe('topics', () => {
  it('missing while their creation is off: all of them are named, none is made', async () => {
    const text = textOf({ more: 'topic.create: false' })
    const found = await refusal(cli, admin, text)
    expect(found).toEqual(refused('TOPIC_MISSING', /orders does not exist/))
    expect(found.text).toContain(`tailrace.${pipeline}.ledger does not exist`)
    const unchecked = await cli.run('run', 'pipeline.yaml', '--no-check')
    expect(unchecked).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('[TOPIC_MISSING]') })
  })

  it('that the cluster would not create', async () => {
    expect(await refusal(cli, admin, textOf({ more: 'topic.replication.factor: 3' }))).toEqual(
      refused('TOPIC_MISSING', /INVALID_REPLICATION_FACTOR/),
    )
  })

  it('that two tables would share', async () => {
    newTable('invoices')
    const text = textOf({ tables: ['orders', 'invoices'], more: 'topic.name: "{prefix}.{table}"' })
    const shared = text.replace('"{prefix}.{table}"', 'all')
    expect(await refusal(cli, admin, shared)).toEqual(refused('CONFIG_INVALID', /topic\.shared/))
  })

  it('whose partitions change while they are written to: a stop by name, at once and at each start', async () => {
    const text = textOf()
    orders.put({ id: { S: 'a' } })
    const worker = startWorker(readConfig(text))
    await outputOf(bootstrapServers, `${pipeline}.orders`, 1)
    await admin.createPartitions({ topics: [{ name: `${pipeline}.orders`, count: 5 }] })
    await expect(worker.ended).rejects.toMatchObject({
      code: 'TOPIC_PARTITIONS_CHANGED',
      message: expect.stringMatching(/orders had 2 partitions and has 5 now/),
    })
    expect(await refusal(cli, admin, text)).toEqual(
      refused('TOPIC_PARTITIONS_CHANGED', /had 2 partitions and has 5 now/),
    )
    expect((await cli.run('run', 'pipeline.yaml', '--no-check')).exitCode).toBe(1)
  })

  it('that are gone although the pipeline knows them', async () => {
    orders.put({ id: { S: 'a' } })
    const worker = cli.start(['run', cli.file('pipeline.yaml', textOf())])
    await outputOf(bootstrapServers, `${pipeline}.orders`, 1)
    await worker.interrupt()
    await admin.deleteTopics({ topics: [`${pipeline}.orders`] })
    expect(await refusal(cli, admin, textOf())).toEqual(refused('TOPIC_MISSING', /had 2 partitions and is gone/))
  })
})

describe('a record that is larger than the broker takes', () => {
  it('stops its table, names the position, lets its neighbour go on; nothing is lost or repeated once it fits', async () => {
    const neighbour = newTable('neighbour')
    const file = cli.file(
      'pipeline.yaml',
      textOf({ tables: ['orders', 'neighbour'], more: 'topic.max.message.bytes: 3000' }),
    )
    const put = (table: SimulatedTable, id: string, bytes = 10) =>
      table.put({ id: { S: id }, text: { S: 'x'.repeat(bytes) } })
    for (let i = 0; i < 5; i++) put(orders, `before-${i}`)
    const large = put(orders, 'large', 6000)
    for (let i = 0; i < 5; i++) put(orders, `after-${i}`)
    const worker = cli.start(['run', file])
    const [line] = await worker.printed(/.*record-refused.*/)
    expect(line).toContain('RECORD_TOO_LARGE')
    expect(line).toContain(large?.sequenceNumber)
    expect(line).not.toContain('xxxx')
    await worker.printed(/table orders stopped/)
    put(neighbour, 'n')
    await outputOf(bootstrapServers, `${pipeline}.neighbour`, 1)
    expect(await readOutput(bootstrapServers, `${pipeline}.orders`)).toHaveLength(5)
    expect((await cli.run('status', file)).stdout).toMatch(/orders +stopped \(RECORD_TOO_LARGE\)/)
    expect(await worker.interrupt()).toMatchObject({ exitCode: 0 })

    await setTopicConfig(admin, `${pipeline}.orders`, 'max.message.bytes', '20000')
    const second = cli.start(['run', file])
    await outputOf(bootstrapServers, `${pipeline}.orders`, 11)
    expect((await cli.run('status', file)).stdout).toMatch(/orders +streaming/)
    await second.interrupt()
    const delivered = (await readOutput(bootstrapServers, `${pipeline}.orders`)).map(
      ({ sequenceNumber }) => sequenceNumber,
    )
    const written = simulator.ledger
      .filter(({ table }) => table === 'orders')
      .map(({ sequenceNumber }) => sequenceNumber)
    expect(delivered.toSorted()).toEqual(written.toSorted())
  })
})
