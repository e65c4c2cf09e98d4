import { randomUUID } from 'node:crypto'
import { Admin } from '@platformatic/kafka'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { errorCatalogue } from '../../src/error-catalogue.ts'
import { openCli } from '../servers/cli-under-test.ts'
import type { CliUnderTest } from '../servers/cli-under-test.ts'
import { connectKafka } from '../servers/connected-kafka.ts'
import { freePort } from '../servers/free-port.ts'
import { configText, outputOf } from '../servers/pipeline-under-test.ts'
import { accessDenied } from '../servers/stream-simulator/fault-plan.ts'
import type { Fault } from '../servers/stream-simulator/fault-plan.ts'
import { setTopicConfig } from '../servers/topic-admin.ts'
import { refusal, refused } from '../servers/refusal.ts'
import { startStreamSimulator } from '../servers/stream-simulator/stream-simulator.ts'
import type { SimulatedTable } from '../servers/stream-simulator/simulated-table.ts'
import type { StreamSimulator } from '../servers/stream-simulator/stream-simulator.ts'

const { bootstrapServers } = inject('kafka')
const keySchema = [{ name: 'id', type: 'S' }] as const

let admin: Admin
let cli: CliUnderTest
let simulator: StreamSimulator
let orders: SimulatedTable
let pipeline = ''

beforeAll(() => {
  admin = new Admin({ clientId: 'bad-input', bootstrapBrokers: [bootstrapServers] })
})
afterAll(() => admin.close())
beforeEach(async () => {
  cli = openCli()
  simulator = await startStreamSimulator()
  orders = simulator.createTable({ name: 'orders', keySchema, viewType: 'NEW_AND_OLD_IMAGES' })
  pipeline = `bad-${randomUUID().slice(0, 8)}`
})
afterEach(async () => {
  await simulator.stop()
  cli[Symbol.dispose]()
})

const textOf = (parts: { tables?: readonly string[]; endpoint?: string; more?: string } = {}): string => {
  const { tables = ['orders'], endpoint = simulator.endpoint, more = '' } = parts
  return configText({ pipeline, endpoint, bootstrapServers, tables, more: `http.listen: off\n${more}` })
}
describe('a configuration that is wrong', () => {
  it.each([
    ['an unknown property', 'topc.partitions: 3', /topc\.partitions.*topic\.partitions/],
    ['a misspelt Kafka property', 'kafka.sasl.mechansm: PLAIN', /sasl\.mechanism/],
    ['a wrong type', 'epoch: soon', /epoch/],
  ])('%s', async (_, more, message) => {
    expect(await refusal(cli, admin, textOf({ more }))).toEqual(refused('CONFIG_INVALID', message))
  })

  it('lists everything that is wrong, not only the first', async () => {
    const file = cli.file('pipeline.yaml', textOf({ more: 'epoch: soon\nlanse: 3' }))
    const { stderr } = await cli.run('run', file)
    expect(stderr).toMatch(/2 problems[^]*epoch[^]*lanse/)
  })

  it('a file that is not there', async () => {
    expect(await cli.run('run', 'absent.yaml')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('[CONFIG_UNREADABLE]'),
    })
  })
})

describe('a source that cannot be read', () => {
  it('a missing table, also where the check before the start is skipped', async () => {
    expect(await refusal(cli, admin, textOf({ tables: ['nowhere'] }))).toEqual(
      refused('TABLE_NOT_FOUND', /no table nowhere in eu-central-1/),
    )
    const unchecked = await cli.run('run', 'pipeline.yaml', '--no-check')
    expect(unchecked).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('[TABLE_NOT_FOUND]') })
  })

  it('a pattern that nothing matches yet is no refusal, and is told', async () => {
    const file = cli.file('pipeline.yaml', textOf({ tables: ['"billing-*"'] }))
    const { exitCode, result } = await cli.json('check', file)
    const { findings } = result as { findings: readonly unknown[] }
    expect(findings).toContainEqual(
      expect.objectContaining({
        status: 'warning',
        code: 'TABLE_NOT_FOUND',
        detail: expect.stringMatching(/billing-\*; tables that match later are taken up/),
      }),
    )
    expect(exitCode).toBe(0)
  })

  it('a table whose stream is off', async () => {
    simulator.createTable({ name: 'quiet', keySchema })
    expect(await refusal(cli, admin, textOf({ tables: ['quiet'] }))).toEqual(
      refused('STREAM_DISABLED', /quiet has no enabled stream/),
    )
  })

  it('a view type without the new image', async () => {
    simulator.createTable({ name: 'keys', keySchema, viewType: 'KEYS_ONLY' })
    expect(await refusal(cli, admin, textOf({ tables: ['keys'] }))).toEqual(
      refused('STREAM_VIEW_TYPE', /keys is KEYS_ONLY/),
    )
  })

  it.each(['ListTables', 'DescribeTable', 'DescribeStream', 'GetShardIterator', 'GetRecords'])(
    'a permission that is missing: %s',
    async (action) => {
      simulator.faults.add({ action, fault: accessDenied(`dynamodb:${action}`, 'arn:of:it') })
      expect(await refusal(cli, admin, textOf({ tables: ['"ord*"'] }))).toEqual(
        refused('AWS_ACCESS_DENIED', new RegExp(`Not allowed: dynamodb:${action} on arn:of:it`)),
      )
    },
  )

  it('a permission that is missing for snapshots alone: only where there are any', async () => {
    simulator.faults.add({ action: 'Scan', fault: accessDenied('dynamodb:Scan', 'arn:of:it') })
    expect(await refusal(cli, admin, textOf({ tables: ['orders'], more: 'snapshot.mode: initial' }))).toEqual(
      refused('AWS_ACCESS_DENIED', /Not allowed: dynamodb:Scan on arn:of:it/),
    )
    expect(await cli.json('check', cli.file('pipeline.yaml', textOf({ tables: ['orders'] })))).toMatchObject({
      exitCode: 0,
    })
  })

  it('a stream with one image only, where changes are to be compared with rows', async () => {
    simulator.createTable({ name: 'half', keySchema, viewType: 'NEW_IMAGE' })
    const more = 'snapshot.mode: initial\nsnapshot.skip.contained.changes: true'
    expect(await refusal(cli, admin, textOf({ tables: ['half'], more }))).toEqual(
      refused('SNAPSHOT_IMAGES', /the stream is NEW_IMAGE/),
    )
    expect(await cli.json('check', cli.file('pipeline.yaml', textOf({ tables: ['orders'], more })))).toMatchObject({
      exitCode: 0,
    })
  })

  it('all that is wrong at once, each by name', async () => {
    simulator.createTable({ name: 'quiet', keySchema })
    for (const action of ['DescribeStream', 'GetShardIterator'])
      simulator.faults.add({ action, fault: accessDenied(`dynamodb:${action}`, orders.stream.arn) })
    const file = cli.file('pipeline.yaml', textOf({ tables: ['orders', 'quiet', 'nowhere'] }))
    const { exitCode, result } = await cli.json('check', file)
    const { findings } = result as { findings: readonly { status: string; code?: string; detail: string }[] }
    const failures = findings.filter(({ status }) => status === 'failed')
    expect(failures.map(({ code }) => code)).toEqual([
      'STREAM_DISABLED',
      'TABLE_NOT_FOUND',
      'AWS_ACCESS_DENIED',
      'AWS_ACCESS_DENIED',
    ])
    expect(failures.at(-1)).toMatchObject({
      detail: expect.stringContaining('GetShardIterator'),
      cause: errorCatalogue.AWS_ACCESS_DENIED.cause,
      remedy: errorCatalogue.AWS_ACCESS_DENIED.remedy,
    })
    expect(exitCode).toBe(2)
  })

  it('a wrong region: of an ARN, and of the endpoint', async () => {
    const arn = 'arn:aws:dynamodb:us-east-1:123456789012:table/orders'
    expect(await refusal(cli, admin, textOf({ tables: [arn] }))).toEqual(refused('AWS_REGION', /another region/))
    const elsewhere = textOf().replace('eu-central-1', 'us-east-1')
    expect(await refusal(cli, admin, elsewhere)).toEqual(
      refused('AWS_REGION', /orders is in eu-central-1, source\.region says us-east-1/),
    )
  })

  it.each(['ExpiredTokenException', 'UnrecognizedClientException'])(
    'credentials that are refused: %s',
    async (type) => {
      const fault: Fault = { kind: 'error', statusCode: 400, type, message: 'The security token is expired' }
      simulator.faults.add({ action: '*', fault })
      expect(await refusal(cli, admin, textOf())).toEqual(refused('AWS_CREDENTIALS', new RegExp(type)))
    },
  )

  it('an endpoint where nobody answers', async () => {
    const text = textOf({ endpoint: `http://127.0.0.1:${await freePort()}` })
    const { exitCode, stderr } = await cli.run('run', cli.file('pipeline.yaml', text))
    expect(stderr).toContain('[AWS_UNREACHABLE]')
    expect(stderr).toContain('ECONNREFUSED')
    expect(exitCode).toBe(2)
  })
})

describe('a ledger that is not what it should be', () => {
  const ledger = (): string => `tailrace.${pipeline}.ledger`
  /** A pipeline that has delivered a change and stands still. */
  const setUp = async (): Promise<void> => {
    orders.put({ id: { S: 'a' } })
    const worker = cli.start(['run', cli.file('first.yaml', textOf())])
    await outputOf(bootstrapServers, `${pipeline}.orders`, 1)
    expect(await worker.interrupt()).toMatchObject({ exitCode: 0 })
  }
  /** Resolves when every broker knows it. */
  const createLedger = async (): Promise<void> => {
    await using kafka = connectKafka(bootstrapServers)
    const config = { 'cleanup.policy': 'compact' }
    const topic = { name: ledger(), partitions: 3, replicationFactor: 1, config }
    await kafka.createTopic(topic, new AbortController().signal)
  }

  it('another number of lanes', async () => {
    await setUp()
    const text = textOf().replace('lanes: 3', 'lanes: 4')
    expect(await refusal(cli, admin, text)).toEqual(
      refused('LEDGER_LANES', /has 3 partitions, the configuration says lanes: 4/),
    )
  })

  it('a changed configuration of the same epoch; a newer epoch is taken up, an older one then refused', async () => {
    await setUp()
    const changed = 'format.number.mode: string'
    expect(await refusal(cli, admin, textOf({ more: changed }))).toEqual(
      refused('CONFIG_CONFLICT', /another configuration of epoch 1/),
    )
    orders.put({ id: { S: 'b' } })
    const worker = cli.start(['run', cli.file('newer.yaml', textOf({ more: `${changed}\nepoch: 2` }))])
    await outputOf(bootstrapServers, `${pipeline}.orders`, 2)
    await worker.interrupt()
    const older = await cli.run('run', 'first.yaml')
    expect(older).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('[CONFIG_OUTDATED]') })
    expect((await cli.run('run', 'first.yaml', '--no-check')).exitCode).toBe(1)
  })

  it('recreated', async () => {
    await setUp()
    await admin.deleteTopics({ topics: [ledger()] })
    await createLedger()
    expect(await refusal(cli, admin, textOf())).toEqual(
      refused('LEDGER_LOST', /is empty, although transactional id .* shows that it ran before/),
    )
    expect(await cli.run('run', 'first.yaml', '--no-check')).toMatchObject({ exitCode: 2 })
  })

  it('truncated', async () => {
    await setUp()
    // Kafka deletes no records of a topic that is only compacted: somebody has had to try hard.
    await setTopicConfig(admin, ledger(), 'cleanup.policy', 'compact,delete')
    const partitions = [{ partition: 1, offset: 1n }]
    await admin.deleteRecords({ topics: [{ name: ledger(), partitions }] })
    await setTopicConfig(admin, ledger(), 'cleanup.policy', 'compact')
    expect(await refusal(cli, admin, textOf())).toEqual(refused('LEDGER_LOST', /-1 before offset 1 were deleted/))
    expect(await cli.run('run', 'first.yaml', '--no-check')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('[LEDGER_LOST]'),
    })
    expect(await cli.run('delete', 'first.yaml', '--yes')).toMatchObject({ exitCode: 0 })
  })

  it('of another pipeline; `delete` does not touch it, nor a topic of data', async () => {
    await setUp()
    const mine = ledger()
    const data = `${pipeline}.orders`
    pipeline = `${pipeline}-2`
    const text = textOf({ more: `ledger.topic: ${mine}` })
    expect(await refusal(cli, admin, text)).toEqual(refused('LEDGER_FOREIGN', /another pipeline/))
    expect(await cli.run('run', 'pipeline.yaml', '--no-check')).toMatchObject({ exitCode: 2 })
    expect(await cli.json('delete', 'pipeline.yaml', '--yes')).toMatchObject({
      exitCode: 2,
      result: { error: { code: 'LEDGER_FOREIGN' } },
    })
    const dataText = textOf({ more: `ledger.topic: ${data}\nlanes: 2` }).replace('lanes: 3\n', '')
    expect(await cli.json('delete', cli.file('data.yaml', dataText), '--yes')).toMatchObject({
      exitCode: 2,
      result: { error: { code: 'LEDGER_FOREIGN' } },
    })
    const names = await admin.listTopics({ includeInternals: false })
    expect(names).toContain(mine)
    expect(names).toContain(data)
  })

  it('not compacted', async () => {
    await admin.createTopics({ topics: [ledger()], partitions: 3, replicas: 1 })
    expect(await refusal(cli, admin, textOf())).toEqual(refused('LEDGER_NOT_COMPACTED', /cleanup\.policy=delete/))
  })
})
