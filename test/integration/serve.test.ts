import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { openCli } from '../servers/cli-under-test.ts'
import { createLocalTable } from '../servers/local-table.ts'
import type { LocalTable } from '../servers/local-table.ts'
import { outputOf, readOutput } from '../servers/pipeline-under-test.ts'
import { startServiceProcess } from '../servers/service-under-test.ts'
import type { ServiceProcessUnderTest } from '../servers/service-under-test.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'

const { bootstrapServers } = inject('kafka')
const { endpoint } = inject('dynamodb')

interface Status {
  readonly connector: { readonly state: string; readonly worker_id: string; readonly trace?: string }
  readonly tasks: readonly { readonly id: number; readonly state: string; readonly worker_id: string }[]
  readonly tables?: readonly { readonly table: string; readonly state: string }[]
}

describe('tailrace serve', () => {
  const group = `service-${randomUUID().slice(0, 8)}`
  const name = `orders-${randomUUID().slice(0, 8)}`
  const open: AsyncDisposable[] = []
  let directory: string
  let table: LocalTable
  let first: ServiceProcessUnderTest
  let second: ServiceProcessUnderTest
  let written = 0

  const start = async (label: string): Promise<ServiceProcessUnderTest> => {
    const properties = {
      'bootstrap.servers': bootstrapServers,
      'group.id': group,
      'offset.storage.topic': 'not-needed',
      'connector.endpoints.allow': endpoint,
      'session.timeout.ms': '2000',
      'process.timeout.ms': '5000',
    }
    const started = await startServiceProcess({ directory, name: label, properties })
    open.push(started)
    return started
  }
  const config = (more: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> => ({
    name,
    'connector.class': 'tailrace.TailraceSourceConnector',
    'source.region': 'eu-west-1',
    'source.endpoint': endpoint,
    'source.tables': table.name,
    'topic.prefix': name,
    'snapshot.mode': 'never',
    'source.start': 'TRIM_HORIZON',
    'poll.idle.max.ms': 100,
    lanes: 4,
    ...more,
  })
  const statusOf = async (process: ServiceProcessUnderTest): Promise<Status> =>
    (await process.call('GET', `/connectors/${name}/status`)).body as Status
  const state = async (process: ServiceProcessUnderTest): Promise<string> => (await statusOf(process)).connector.state
  const put = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) await table.put({ id: { S: `item-${written++}` }, n: { N: String(written) } })
  }
  const topic = (): string => `${name}.${table.name}`
  const patience = { timeout: 40_000, interval: 200 }

  beforeAll(async () => {
    const folder = await temporaryFolder()
    open.push(folder)
    directory = folder.path
    table = await createLocalTable(endpoint)
    open.push(table)
    first = await start('first')
    second = await start('second')
  }, 120_000)
  afterAll(async () => {
    for (const one of open.toReversed()) await one[Symbol.asyncDispose]()
  }, 60_000)

  it('is a cluster of Connect whose plugins are ours', async () => {
    expect(await first.call('GET', '/')).toMatchObject({ status: 200, body: { kafka_cluster_id: expect.any(String) } })
    expect(await first.call('GET', '/health')).toMatchObject({ status: 200, body: { status: 'healthy' } })
    expect((await first.call('GET', '/connector-plugins')).body).toContainEqual(
      expect.objectContaining({ class: 'tailrace.TailraceSourceConnector', type: 'source' }),
    )
    expect(await first.page('/livez')).toBe('ok\n')
    await expect.poll(async () => JSON.parse(await first.page('/readyz')), patience).toMatchObject({ status: 'ready' })
  })

  it('refuses what cannot work, before it is kept', async () => {
    const wrong = await second.call('POST', '/connectors', { name, config: config({ lanes: 'many' }) })
    expect(wrong).toMatchObject({ status: 400, body: { error_code: 400 } })
    expect((wrong.body as { message: string }).message).toMatch(
      /^Connector configuration is invalid and contains the following 1 error\(s\):\n.*lanes/,
    )
    const missing = await second.call('POST', '/connectors', { name, config: config({ 'source.tables': 'nowhere' }) })
    expect(missing).toMatchObject({ status: 400, body: { message: expect.stringContaining('nowhere') } })
    const elsewhere = await second.call('POST', '/connectors', {
      name,
      config: config({ 'kafka.bootstrap.servers': 'elsewhere:9092' }),
    })
    expect(elsewhere).toMatchObject({ status: 400, body: { message: expect.stringContaining('override.policy') } })
    expect((await first.call('GET', '/connectors')).body).toEqual([])
  }, 60_000)

  it('makes a connector, whichever process is asked, and delivers changes', async () => {
    await put(10)
    const made = await second.call('POST', '/connectors', { name, config: config() })
    expect(made).toMatchObject({ status: 201, body: { name, type: 'source' } })
    // Whoever asked finds it there.
    expect((await second.call('GET', '/connectors')).body).toEqual([name])
    await expect.poll(async () => (await first.call('GET', '/connectors')).body, patience).toEqual([name])
    await outputOf(bootstrapServers, topic(), 10)
    await expect
      .poll(async () => (await statusOf(first)).tasks.map((task) => task.state), patience)
      .toEqual(['RUNNING', 'RUNNING'])
    await expect
      .poll(async () => (await statusOf(first)).tables, patience)
      .toMatchObject([{ table: table.name, state: 'RUNNING' }])
    expect((await first.call('GET', `/connectors/${name}/topics`)).body).toEqual({ [name]: { topics: [topic()] } })
    expect(await first.call('POST', '/connectors', { name, config: config() })).toMatchObject({ status: 409 })
    const twin = { name: `${name}-2`, config: { ...config({ pipeline: name }), name: `${name}-2` } }
    expect(await first.call('POST', '/connectors', twin)).toMatchObject({ status: 409 })
    // The table has one shard, and one of the two processes its lane.
    const pages = [await first.page('/metrics'), await second.page('/metrics')].join('\n')
    expect(pages).toMatch(new RegExp(`tailrace_changes_written_total\\{pipeline="${name}"`))
  }, 120_000)

  it('pauses and resumes: nothing is lost', async () => {
    expect((await first.call('PUT', `/connectors/${name}/pause`)).status).toBe(202)
    await expect
      .poll(async () => (await statusOf(second)).tasks.map((task) => task.state), patience)
      .toEqual(['PAUSED', 'PAUSED'])
    await put(10)
    expect(await readOutput(bootstrapServers, topic())).toHaveLength(10)
    expect((await second.call('PUT', `/connectors/${name}/resume`)).status).toBe(202)
    await outputOf(bootstrapServers, topic(), 20)
  }, 90_000)

  it('takes another configuration up, and secrets are shown to nobody', async () => {
    const more = { 'mask.fields': `${table.name}.n=hmac`, 'mask.hmac.key': 'a canary of sixteen and more' }
    const changed = await second.call('PUT', `/connectors/${name}/config`, config(more))
    expect(changed).toMatchObject({ status: 200, body: { config: { 'mask.hmac.key': '[hidden]' } } })
    // As it was shown, with one more change: the secret stays.
    const shown = (await first.call('GET', `/connectors/${name}/config`)).body as Readonly<Record<string, string>>
    const again = await first.call('PUT', `/connectors/${name}/config`, { ...shown, 'poll.idle.max.ms': '50' })
    expect(again.status).toBe(200)
    await put(1)
    const records = await outputOf(bootstrapServers, topic(), 21)
    expect(JSON.stringify(records)).toContain(`"n":${written - 1}`)
    expect(JSON.stringify(records)).not.toContain(`"n":${written}`)
    await expect.poll(() => state(first), patience).toBe('RUNNING')
    expect(`${first.log()}${second.log()}`).not.toContain('a canary')
  }, 90_000)

  it('restarts, and changes the level of its log', async () => {
    expect((await first.call('POST', `/connectors/${name}/restart?includeTasks=true`)).status).toBe(202)
    expect((await second.call('POST', `/connectors/${name}/tasks/0/restart`)).status).toBe(204)
    await put(5)
    await outputOf(bootstrapServers, topic(), 26)
    const logger = `tailrace.connector.${name}`
    expect((await second.call('PUT', `/admin/loggers/${logger}?scope=cluster`, { level: 'debug' })).status).toBe(204)
    for (const process of [first, second])
      expect((await process.call('GET', `/admin/loggers/${logger}`)).body).toMatchObject({ level: 'DEBUG' })
  }, 90_000)

  it('shows positions, and changes them while the connector is stopped', async () => {
    const offsets = `/connectors/${name}/offsets`
    const { offsets: now } = (await first.call('GET', offsets)).body as {
      readonly offsets: readonly { readonly partition: Readonly<Record<string, string>> }[]
    }
    expect(now[0]?.partition).toMatchObject({ table: table.name, shard_id: expect.any(String) })
    expect(await first.call('DELETE', offsets)).toMatchObject({ status: 400 })
    expect((await second.call('PUT', `/connectors/${name}/stop`)).status).toBe(204)
    await expect.poll(async () => (await statusOf(first)).tasks, patience).toEqual([])
    await expect.poll(() => state(first), patience).toBe('STOPPED')
    const shards = now.filter(({ partition }) => 'shard_id' in partition)
    const forget = { offsets: shards.map(({ partition }) => ({ partition, offset: null })) }
    await expect.poll(async () => (await second.call('PATCH', offsets, forget)).status, patience).toBe(200)
    expect((await second.call('PUT', `/connectors/${name}/resume`)).status).toBe(202)
    // Everything that the stream still has comes again.
    await outputOf(bootstrapServers, topic(), 26 + written)
  }, 120_000)

  it('goes on when the process that led it is killed', async () => {
    await first.kill()
    await put(10)
    await outputOf(bootstrapServers, topic(), 36 + written - 10)
    await expect.poll(async () => (await statusOf(second)).tasks.length, { timeout: 30_000, interval: 200 }).toBe(1)
    await expect.poll(async () => (await second.call('PUT', `/connectors/${name}/pause`)).status, patience).toBe(202)
    await expect.poll(() => state(second), patience).toBe('PAUSED')
  }, 120_000)

  it('goes on after `tailrace run` has run its pipeline under a newer epoch', async () => {
    expect((await second.call('PUT', `/connectors/${name}/stop`)).status).toBe(204)
    await expect.poll(() => state(second), patience).toBe('STOPPED')
    await expect.poll(async () => (await statusOf(second)).tasks, patience).toEqual([])
    const delivered = (await readOutput(bootstrapServers, topic())).length
    using cli = openCli()
    const { name: _name, 'connector.class': _class, ...properties } = config()
    const file = { ...properties, pipeline: name, epoch: 99, 'kafka.bootstrap.servers': bootstrapServers }
    const away = cli.start(['run', cli.file('away.yaml', JSON.stringify(file))])
    await put(1)
    await outputOf(bootstrapServers, topic(), delivered + 1)
    expect((await away.interrupt()).exitCode).toBe(0)
    expect((await second.call('PUT', `/connectors/${name}/resume`)).status).toBe(202)
    await put(1)
    await outputOf(bootstrapServers, topic(), delivered + 2)
    await expect.poll(() => state(second), patience).toBe('RUNNING')
    const shown = (await second.call('GET', `/connectors/${name}/config`)).body
    expect((await second.call('PUT', `/connectors/${name}/config`, shown)).status).toBe(200)
    expect(await state(second)).toBe('RUNNING')
  }, 120_000)

  it('forgets a connector, hands everything over at its end, and remembers the rest', async () => {
    first = await start('third')
    expect((await first.call('GET', '/connectors')).body).toEqual([name])
    expect((await first.call('DELETE', `/connectors/${name}`)).status).toBe(204)
    expect((await first.call('GET', `/connectors/${name}`)).status).toBe(404)
    await expect.poll(async () => (await second.call('GET', '/connectors')).body, patience).toEqual([])
    expect(await second.stop()).toBe(0)
    expect(await first.stop()).toBe(0)
    expect(second.log()).not.toContain('"level":"error"')
  }, 120_000)
})
