import { randomUUID } from 'node:crypto'
import { expect, inject, it } from 'vitest'
import { createLocalTable } from '../servers/local-table.ts'
import { outputOf } from '../servers/pipeline-under-test.ts'
import { startServiceProcess } from '../servers/service-under-test.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'

const { bootstrapServers } = inject('kafka')
const { endpoint } = inject('dynamodb')
const patience = { timeout: 40_000, interval: 200 }

it('a connector that would write into what the service or another connector keeps is refused, or its table stops, and everybody else goes on', async () => {
  const [group, run] = [`service-${randomUUID().slice(0, 8)}`, randomUUID().slice(0, 8)]
  const [orders, bills, places] = [`orders-${run}`, `bills-${run}`, `places-${run}`]
  const log = `tailrace.service.${group}.config`
  await using folder = await temporaryFolder()
  await using table = await createLocalTable(endpoint)
  await using other = await createLocalTable(endpoint)
  const properties = {
    'bootstrap.servers': bootstrapServers,
    'group.id': group,
    'connector.endpoints.allow': endpoint,
    'session.timeout.ms': '2000',
  }
  await using service = await startServiceProcess({ directory: folder.path, name: 'one', properties })
  const make = (name: string, more: Readonly<Record<string, unknown>>): ReturnType<typeof service.call> => {
    const config = {
      name,
      'connector.class': 'tailrace.TailraceSourceConnector',
      'source.region': 'eu-west-1',
      'source.endpoint': endpoint,
      'source.tables': table.name,
      'snapshot.mode': 'never',
      'source.start': 'TRIM_HORIZON',
      'poll.idle.max.ms': 100,
      lanes: 2,
      ...more,
    }
    return service.call('POST', '/connectors', { name, config })
  }
  const tablesOf = async (name: string): Promise<unknown> =>
    ((await service.call('GET', `/connectors/${name}/status`)).body as { readonly tables?: unknown }).tables

  await expect.poll(() => service.page('/readyz'), patience).toContain('This process leads.')

  // Its ledger has the name that another connector would make of the table.
  expect(await make(bills, { 'source.tables': other.name, 'ledger.topic': `${places}.${table.name}` })).toMatchObject({
    status: 201,
  })
  for (const [name, more, words] of [
    [`service.${group}`, {}, 'service.'],
    [orders, { 'group.id': `tailrace.service.${group}` }, 'group.id begins with'],
    [orders, { 'topic.prefix': `tailrace.service.${group}` }, 'topic of a service'],
    [orders, { 'route.rules': `a = 1 => ${log}` }, 'topic of a service'],
    [orders, { 'errors.deadletterqueue.topic.name': `tailrace.${bills}.ledger` }, "a pipeline's ledger"],
    // Which table it is shows only when it is looked for.
    [orders, { 'topic.prefix': places, 'source.tables': `${table.name}*` }, 'records must not go to'],
  ] as const)
    expect({ more, ...(await make(name, more)) }).toMatchObject({
      more,
      status: 400,
      body: { message: expect.stringContaining(words) },
    })

  expect(await make(orders, { 'route.rules': 'attribute_exists(away) => {away}' })).toMatchObject({ status: 201 })
  await table.put({ id: { S: 'first' } })
  await outputOf(bootstrapServers, `${orders}.${table.name}`, 1)
  await table.put({ id: { S: 'away' }, away: { S: log } })
  await expect
    .poll(() => tablesOf(orders), patience)
    .toMatchObject([{ state: 'FAILED', reason: expect.stringContaining(log) }])
  await other.put({ id: { S: 'second' } })
  await outputOf(bootstrapServers, `${bills}.${other.name}`, 1)
  expect(await service.call('GET', '/health')).toMatchObject({ status: 200, body: { status: 'healthy' } })
  expect((await service.call('PUT', `/connectors/${orders}/stop`)).status).toBe(204)
  expect((await service.call('DELETE', `/connectors/${orders}`)).status).toBe(204)
  expect(await tablesOf(bills)).toMatchObject([{ table: other.name, state: 'RUNNING' }])
  expect(await service.stop()).toBe(0)
  // What it is to run can still be read from the beginning.
  await using next = await startServiceProcess({ directory: folder.path, name: 'two', properties })
  expect((await next.call('GET', '/connectors')).body).toEqual([bills])
}, 150_000)
