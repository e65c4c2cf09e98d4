import { randomUUID } from 'node:crypto'
import { AclOperations, AclPermissionTypes, Admin, ResourcePatternTypes, ResourceTypes } from '@platformatic/kafka'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openCli } from '../servers/cli-under-test.ts'
import type { CliUnderTest } from '../servers/cli-under-test.ts'
import { configText, outputOf, readOutput } from '../servers/pipeline-under-test.ts'
import { startSecuredKafka } from '../servers/secured-kafka.ts'
import type { SecuredKafka } from '../servers/secured-kafka.ts'
import { startStreamSimulator } from '../servers/stream-simulator/stream-simulator.ts'
import type { SimulatedTable } from '../servers/stream-simulator/simulated-table.ts'
import type { StreamSimulator } from '../servers/stream-simulator/stream-simulator.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'
import type { TemporaryFolder } from '../servers/temporary-folder.ts'

const { READ, WRITE, CREATE, DESCRIBE, DESCRIBE_CONFIGS } = AclOperations
const { TOPIC, GROUP, TRANSACTIONAL_ID } = ResourceTypes
const { ALLOW, DENY } = AclPermissionTypes

let folder: TemporaryFolder
let secured: SecuredKafka
let admin: Admin
let cli: CliUnderTest

beforeAll(async () => {
  folder = await temporaryFolder()
  secured = await startSecuredKafka({ directory: folder.path })
  admin = new Admin({ clientId: 'rights', bootstrapBrokers: [secured.kafka.bootstrapServers] })
  cli = openCli({ KAFKA_PASSWORD: 'app-secret' })
})
afterAll(async () => {
  cli[Symbol.dispose]()
  await admin.close()
  await secured[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

const aclOf = (resourceType: number, resourceName: string, operation: number, permissionType: number) => ({
  resourceType: resourceType as 2,
  resourceName,
  resourcePatternType: ResourcePatternTypes.LITERAL,
  principal: `User:${secured.users.plain.name}`,
  host: '*',
  operation: operation as 3,
  permissionType: permissionType as 3,
})

interface Pipeline extends AsyncDisposable {
  readonly simulator: StreamSimulator
  readonly orders: SimulatedTable
  readonly neighbour: SimulatedTable
  readonly name: string
  readonly letters: string
  readonly file: string
}

/** All rights but those on the dead-letter topic. */
async function openPipeline(): Promise<Pipeline> {
  const simulator = await startStreamSimulator()
  const newTable = (name: string): SimulatedTable =>
    simulator.createTable({ name, keySchema: [{ name: 'id', type: 'S' }], viewType: 'NEW_AND_OLD_IMAGES' })
  const name = `rights-${randomUUID().slice(0, 8)}`
  const text = configText({
    pipeline: name,
    endpoint: simulator.endpoint,
    bootstrapServers: secured.kafka.listeners.get('SASL_SSL') ?? '',
    tables: ['orders', 'neighbour'],
    more: 'http.listen: off\npoll.idle.max.ms: 200\nerrors.tolerance: all',
  }).replace(
    /^kafka:\n/m,
    `kafka:
  security.protocol: SASL_SSL
  sasl.mechanism: PLAIN
  sasl.username: ${secured.users.plain.name}
  sasl.password: \${env:KAFKA_PASSWORD}
  ssl.ca.location: ${secured.certificates.authority}
`,
  )
  const creations = [
    ...[READ, WRITE, CREATE, DESCRIBE_CONFIGS].map((right) => aclOf(TOPIC, `tailrace.${name}.ledger`, right, ALLOW)),
    ...['orders', 'neighbour'].flatMap((table) =>
      [WRITE, CREATE, READ, DESCRIBE_CONFIGS].map((right) => aclOf(TOPIC, `${name}.${table}`, right, ALLOW)),
    ),
    aclOf(GROUP, `tailrace.${name}`, READ, ALLOW),
    ...['0', '1', '2', 'dlq'].map((id) => aclOf(TRANSACTIONAL_ID, `tailrace.${name}.${id}`, WRITE, ALLOW)),
  ]
  await admin.createAcls({ creations })
  return {
    simulator,
    orders: newTable('orders'),
    neighbour: newTable('neighbour'),
    name,
    letters: `tailrace.${name}.dead-letters`,
    file: cli.file(`${name}.yaml`, text),
    [Symbol.asyncDispose]: () => simulator.stop(),
  }
}

const sequencesOf = async (topic: string): Promise<readonly string[]> =>
  (await readOutput(secured.kafka.bootstrapServers, topic)).map(({ sequenceNumber }) => sequenceNumber)
const put = (table: SimulatedTable, id: string) => table.put({ id: { S: id } })
const poison = (table: SimulatedTable, id: string) => table.put({ id: { S: id }, v: JSON.parse('{"NOVEL":"x"}') })
const countOf = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0

describe('a dead-letter topic without rights', () => {
  it('that may not be made stops the table by name; its neighbour goes on', async () => {
    await using pipeline = await openPipeline()
    const { name, orders, neighbour, file, letters } = pipeline
    await expect
      .poll(async () => (await cli.run('check', file)).stdout, { timeout: 10_000 })
      .toMatch(/failed +topic tailrace\.rights-\w+\.dead-letters/)
    put(orders, 'first')
    poison(orders, 'poison-1')
    put(orders, 'last')
    const worker = cli.start(['run', file, '--no-check'])
    const [line] = await worker.printed(/.*record-refused.*/)
    expect(line).toContain('DEAD_LETTER_UNWRITABLE')
    expect(line).toContain(letters)
    await worker.printed(/table orders stopped/)
    put(neighbour, 'n')
    await outputOf(secured.kafka.bootstrapServers, `${name}.neighbour`, 1)
    expect(await sequencesOf(`${name}.orders`)).toHaveLength(1)
    await worker.interrupt()
  })

  it('whose writing is refused in the midst of it stops the table instead of being tried for ever, and loses nothing', async () => {
    await using pipeline = await openPipeline()
    const { name, orders, neighbour, file, letters } = pipeline
    const rights = [CREATE, WRITE, DESCRIBE, READ].map((right) => aclOf(TOPIC, letters, right, ALLOW))
    await admin.createAcls({ creations: rights })
    await admin.createTopics({ topics: [letters], partitions: 1, replicas: 1 })
    const worker = cli.start(['run', file, '--no-check'])
    put(orders, 'first')
    poison(orders, 'poison-2')
    put(orders, 'second')
    await outputOf(secured.kafka.bootstrapServers, `${name}.orders`, 2)
    const denial = aclOf(TOPIC, letters, WRITE, DENY)
    await admin.createAcls({ creations: [denial] })
    await expect
      .poll(async () => (await cli.run('check', file)).stdout, { timeout: 10_000 })
      .toMatch(/lacks WRITE on topic tailrace\.rights-\w+\.dead-letters/)
    put(orders, 'third')
    poison(orders, 'poison-3')
    put(orders, 'fourth')
    const [line] = await worker.printed(/.*record-refused.*/)
    expect(line).toContain('DEAD_LETTER_UNWRITABLE')
    expect(line).toContain('TOPIC_AUTHORIZATION_FAILED')
    await worker.printed(/table orders stopped/)
    put(neighbour, 'n')
    await outputOf(secured.kafka.bootstrapServers, `${name}.neighbour`, 1)
    expect(await sequencesOf(`${name}.orders`)).toHaveLength(3)
    const { stdout, stderr } = worker.output()
    const doubts = countOf(stdout + stderr, /"message":"lane-in-doubt/g)
    expect(doubts).toBeGreaterThan(0)
    expect(doubts).toBeLessThan(3)
    await worker.interrupt()

    await admin.deleteAcls({ filters: [denial] })
    const second = cli.start(['run', file])
    await outputOf(secured.kafka.bootstrapServers, `${name}.orders`, 4)
    await second.interrupt()
    expect(await cli.json('dlq', 'ls', file)).toMatchObject({ result: { open: 2 } })
    const sequences = await sequencesOf(`${name}.orders`)
    expect(new Set(sequences).size).toBe(4)
    expect(await cli.json('dlq', 'replay', file)).toMatchObject({ result: { failed: 2, written: 0 } })
  })
})
