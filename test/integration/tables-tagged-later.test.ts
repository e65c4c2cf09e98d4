import { randomUUID } from 'node:crypto'
import { expect, inject, it } from 'vitest'
import { isJsonObject } from '../../src/aws/json-object.ts'
import { createLocalTable } from '../servers/local-table.ts'
import { outputOf } from '../servers/pipeline-under-test.ts'
import { startServiceProcess } from '../servers/service-under-test.ts'
import { connectTo } from '../servers/stream-simulator/simulator-client.ts'
import { startTaggingFront } from '../servers/tagging-front.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'

const { bootstrapServers } = inject('kafka')
const { endpoint } = inject('dynamodb')
const patience = { timeout: 40_000, interval: 200 }

it('a connector by tags is made before any table has them, and takes up those that get them', async () => {
  await using front = await startTaggingFront(endpoint)
  await using table = await createLocalTable(front.endpoint)
  await using folder = await temporaryFolder()
  const name = `later-${randomUUID().slice(0, 8)}`
  await using process = await startServiceProcess({
    directory: folder.path,
    name: 'only',
    properties: {
      'bootstrap.servers': bootstrapServers,
      'group.id': `service-${name}`,
      'connector.endpoints.allow': front.endpoint,
    },
  })
  const config = {
    name,
    'connector.class': 'tailrace.TailraceSourceConnector',
    'source.region': 'eu-west-1',
    'source.endpoint': front.endpoint,
    'source.tables.tags': 'cdc',
    'source.tables.rediscovery.ms': 1_000,
    'topic.prefix': name,
    'snapshot.mode': 'never',
    'source.start': 'TRIM_HORIZON',
    'poll.idle.max.ms': 100,
    lanes: 2,
  }
  await expect.poll(async () => JSON.parse(await process.page('/readyz')), patience).toMatchObject({ status: 'ready' })
  expect(await process.call('POST', '/connectors', { name, config })).toMatchObject({ status: 201 })
  const status = async (): Promise<unknown> => (await process.call('GET', `/connectors/${name}/status`)).body
  await expect.poll(status, patience).toMatchObject({
    connector: { state: 'RUNNING' },
    tables: [{ table: '*, cdc', state: 'UNASSIGNED', reason: expect.stringContaining('No readable table') }],
  })
  const call = (action: string, body: Readonly<Record<string, unknown>>): Promise<unknown> =>
    connectTo(front.endpoint).call({ service: 'dynamodb', action, body }, AbortSignal.timeout(30_000))
  const described = await call('DescribeTable', { TableName: table.name })
  const { TableArn } = isJsonObject(described) && isJsonObject(described['Table']) ? described['Table'] : {}
  await table.put({ id: { S: 'one' } })
  await call('TagResource', { ResourceArn: TableArn, Tags: [{ Key: 'cdc', Value: '' }] })
  expect(await outputOf(bootstrapServers, `${name}.${table.name}`, 1)).toHaveLength(1)
  await expect.poll(status, patience).toMatchObject({ tables: [{ table: table.name, state: 'RUNNING' }] })
}, 120_000)
