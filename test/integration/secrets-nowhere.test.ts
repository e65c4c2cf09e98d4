import { Admin } from '@platformatic/kafka'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { connectorPlugins } from '../../src/config/configdef/connector-plugins.ts'
import { createLocalTable } from '../servers/local-table.ts'
import type { LocalTable } from '../servers/local-table.ts'
import { readRecords } from '../servers/pipeline-under-test.ts'
import { answerWith } from '../servers/registry-double.ts'
import type { RegistryFault } from '../servers/registry-double.ts'
import { startServiceOfSecrets } from '../servers/service-of-secrets.ts'
import type { RestAnswer } from '../servers/service-under-test.ts'
import type { Asked, ServiceOfSecrets, Sight } from '../servers/service-of-secrets.ts'

const { endpoint } = inject('dynamodb')
const patience = { timeout: 90_000, interval: 300 }
type Config = Readonly<Record<string, unknown>>

/**
 * Secrets of which there is one each lie in every place that can hold one, and all routes are used with them, well and badly, at two processes
 * that log everything. Then they are looked for in whatever left the service.
 */
describe('secrets of a service', () => {
  const open: AsyncDisposable[] = []
  let service: ServiceOfSecrets
  let table: LocalTable
  let sights: readonly Sight[] = []
  let turn = 0

  const plant = (place: string): string => service.canaries.plant(place)
  /** Each process in turn, so that one of two changes is handed on to the leader. */
  const ask = (method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE', at: string, asked?: Asked) =>
    service.ask(turn++ % 2 === 0 ? 0 : 1, method, at, asked)
  const connector = (name: string, more: Config = {}): Config => ({
    name,
    'connector.class': 'tailrace.TailraceSourceConnector',
    'source.region': 'eu-west-1',
    'source.endpoint': endpoint,
    'source.tables': table.name,
    'topic.prefix': name,
    'topic.max.message.bytes': 3000,
    'snapshot.mode': 'initial',
    'notification.sink.topic.name': 'told',
    'poll.idle.max.ms': 100,
    lanes: 2,
    ...more,
  })
  /** Whoever asks may meet a service that changes. */
  const done = async (method: 'PUT' | 'POST', at: string, body?: unknown): Promise<void> => {
    const asked = body === undefined ? {} : { body }
    await vi.waitUntil(async () => {
      const answer = await ask(method, at, asked)
      if (answer.status >= 300 && answer.status !== 409) throw new Error(JSON.stringify(answer))
      return answer.status < 300
    }, patience)
  }
  const stateOf = async (name: string): Promise<unknown> => {
    const { body } = await ask('GET', `/connectors/${name}/status`)
    return (body as { readonly connector?: { readonly state: string } }).connector?.state
  }

  beforeAll(async () => {
    table = await createLocalTable(endpoint)
    open.push(table)
    service = await startServiceOfSecrets(endpoint)
    open.push(service)
    for (const item of ['snapshot', 'poison'])
      await table.put({
        id: { S: item },
        secret: { S: plant(`value of an item (${item})`) },
        text: { S: 'x'.repeat(item === 'poison' ? 6000 : 10) },
      })
  }, 240_000)
  afterAll(async () => {
    for (const one of open.toReversed()) await one[Symbol.asyncDispose]()
  }, 90_000)

  it('are used by connectors that work', async () => {
    const works = connector('works', {
      'source.access.key.id': plant('source.access.key.id'),
      'source.secret.access.key': plant('source.secret.access.key'),
      'source.session.token': plant('source.session.token'),
      'mask.fields': `${table.name}.masked=hmac`,
      'mask.hmac.key': `\${file:${service.folder}/secrets.properties:hmac}`,
      'errors.tolerance': 'all',
    })
    await done('POST', '/connectors', { name: 'works', config: works })
    const key = await readFile(service.broker.certificates.clientKey, 'utf8')
    service.canaries.know('kafka.ssl.keystore.key', key.split('\n')[5] ?? '')
    const mutual = connector('mutual', {
      'kafka.bootstrap.servers': service.broker.kafka.listeners.get('SSL'),
      'kafka.security.protocol': 'SSL',
      'kafka.ssl.truststore.certificates': await readFile(service.broker.certificates.authority, 'utf8'),
      'kafka.ssl.keystore.key': key,
      'kafka.ssl.keystore.certificate.chain': await readFile(service.broker.certificates.clientCertificate, 'utf8'),
      'mask.fields': `${table.name}.masked=hmac`,
      'mask.hmac.key': '${env:TAILRACE_CANARY}',
      'errors.tolerance': 'all',
    })
    await done('POST', '/connectors', { name: 'mutual', config: mutual })
    await table.put({ id: { S: 'again' }, secret: { S: plant('value of a change') }, text: { S: 'x'.repeat(6000) } })
    const { bootstrapServers } = service.broker.kafka
    for (const name of ['works', 'mutual'])
      await expect
        .poll(async () => (await readRecords(bootstrapServers, `tailrace.${name}.dead-letters`)).length, patience)
        .toBeGreaterThanOrEqual(2)
  }, 200_000)

  it('belong to connectors that fail', async () => {
    const gossip: RegistryFault = (response, { headers, url, body }) =>
      answerWith(401, { error_code: 40101, message: `nobody knows ${headers.authorization} ${url} ${body}` })(
        response,
        { method: '', headers, url, body },
      )
    service.gossip.fail(...Array.from({ length: 1000 }, () => gossip))
    const code = path.join(service.folder, 'code', 'throws.mjs')
    await writeFile(code, 'export default (change) => { throw new Error(`what is ${change.new?.secret}?`) }\n')
    const avro = { 'format.value': 'avro', 'schema.registry.url': service.gossip.url }
    const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required username="scramuser" password='
    const oauth = 'schema.registry.bearer.auth'
    const failing: Readonly<Record<string, Config>> = {
      password: {
        'kafka.security.protocol': 'SASL_SSL',
        'kafka.sasl.mechanism': 'SCRAM-SHA-512',
        'kafka.sasl.username': 'scramuser',
        'kafka.sasl.password': plant('kafka.sasl.password'),
      },
      jaas: {
        'producer.override.security.protocol': 'SASL_SSL',
        'producer.override.sasl.mechanism': 'SCRAM-SHA-512',
        'producer.override.sasl.jaas.config': `${scram}"${plant('producer.override.sasl.jaas.config')}";`,
      },
      basic: { ...avro, 'schema.registry.basic.auth.user.info': `u:${plant('schema.registry.basic.auth.user.info')}` },
      url: {
        ...avro,
        'schema.registry.url': service.gossip.url.replace('://', `://u:at@${plant('schema.registry.url')}@`),
      },
      bearer: { ...avro, [`${oauth}.credentials.source`]: 'STATIC_TOKEN', [`${oauth}.token`]: plant(`${oauth}.token`) },
      oauth: {
        ...avro,
        [`${oauth}.credentials.source`]: 'OAUTHBEARER',
        [`${oauth}.issuer.endpoint.url`]: `${service.gossip.url}/token`,
        [`${oauth}.client.id`]: 'tailrace',
        [`${oauth}.client.secret`]: plant(`${oauth}.client.secret`),
      },
      code: { transforms: code },
      tolerant: { transforms: code, 'errors.tolerance': 'all' },
    }
    for (const [name, more] of Object.entries(failing)) {
      const config = connector(name, more)
      // As it runs, where it may be refused; and as it is found out later.
      const answer = await ask('POST', '/connectors', { body: { name, config } })
      if (answer.status !== 201) await done('POST', '/connectors', { name, config, initial_state: 'STOPPED' })
      await done('PUT', `/connectors/${name}/resume`)
    }
    await table.put({ id: { S: 'bad' }, secret: { S: plant('value that code throws') } })
    for (const name of ['password', 'jaas', 'basic', 'url', 'bearer', 'oauth'])
      await expect.poll(() => stateOf(name), patience).toMatch(/FAILED|RESTARTING/)
    await expect
      .poll(async () => JSON.stringify((await ask('GET', '/connectors/code/status')).body), patience)
      .toContain('TRANSFORM_FAILED')
    await expect
      .poll(
        async () => (await readRecords(service.broker.kafka.bootstrapServers, 'tailrace.tolerant.dead-letters')).length,
        patience,
      )
      .toBeGreaterThanOrEqual(1)
  }, 300_000)

  it('are in configurations that are refused', async () => {
    const refused: (readonly [string, Config])[] = connectorPlugins.map((plugin) => {
      const passwords = plugin.definitions.filter(({ key }) => key.type === 'PASSWORD').map(({ key }) => key.name)
      const secrets = passwords.map((name) => [name, plant(`${name} of ${plugin.class}`)] as const)
      return [plugin.class, { ...Object.fromEntries(secrets), 'connector.class': plugin.class }] as const
    })
    const own = (more: Config): void =>
      void refused.push(['tailrace.TailraceSourceConnector', connector('refused', more)])
    own({
      'source.secret.access.key': `<${plant('a key in brackets')}>`,
      'source.access.key.id': `${plant('an id with spaces')} ü`,
    })
    own({ 'schema.registry.basic.auth.user.info': plant('user info without a colon') })
    own({ 'schema.registry.bearer.auth.token': `${plant('a token with spaces')} and more` })
    own({ 'schema.registry.url': `http//u:${plant('an URL without its colon')}@host` })
    own({ 'schema.registry.url': `u:${plant('an URL without a scheme')}@host:8081` })
    own({ 'kafka.sasl.jaas.config': `nonsense ${plant('nonsense')}` })
    own({
      'kafka.sasl.jaas.config': `a.PlainLoginModule required username="u" password="${plant('a quote that is not closed')}`,
    })
    own({
      'kafka.ssl.keystore.key': `-----BEGIN PRIVATE KEY-----\n${plant('a key that is none')}\n-----END PRIVATE KEY-----`,
    })
    own({ 'kafka.sasl.pasword': plant('a misspelt name'), 'database.password': plant('an unknown name') })
    own({ lanes: '${env:TAILRACE_CANARY}', 'source.region': `\${file:${service.folder}/secrets.properties:hmac}` })
    own({ 'mask.hmac.key': '${env:AWS_SECRET_ACCESS_KEY}', 'mask.fields': 'x.y=hmac' })
    own({ 'mask.hmac.key': `\${file:${service.folder}/access}`, 'mask.fields': 'x.y=hmac' })
    for (const [plugin, config] of refused) {
      const named = { ...config, name: 'refused' }
      await ask('PUT', `/connector-plugins/${plugin}/config/validate`, { body: named })
      const answers: RestAnswer[] = []
      for (const who of ['password', 'viewer', 'nobody'] as const)
        for (const process of [0, 1] as const)
          answers.push(
            await service.ask(process, 'POST', '/connectors', { who, body: { name: 'refused', config: named } }),
          )
      answers.push(await ask('PUT', '/connectors/refused/config', { body: named }))
      answers.push(
        await ask('PATCH', '/connectors/works/config', { body: { ...config, name: 'works', 'mask.hmac.keys': 'x' } }),
      )
      const what = JSON.stringify(Object.entries(config).slice(-2))
      expect(
        answers.filter(({ status }) => status < 400),
        what,
      ).toEqual([])
    }
    const bodies = [
      { 'mask.hmac.key': [plant('a list')] },
      { 'mask.hmac.key': { key: plant('an object') } },
      `{"mask.hmac.key": "${plant('broken JSON')}"`,
      JSON.stringify({ 'mask.hmac.key': plant('a body that is too long') + ' '.repeat(1_100_000) }),
    ]
    for (const body of bodies) {
      expect((await ask('PUT', '/connectors/works/config', { body })).status).toBeGreaterThanOrEqual(400)
      expect((await ask('POST', '/connectors', { body })).status).toBeGreaterThanOrEqual(400)
    }
  }, 300_000)

  it('are shown by whoever uses any route', async () => {
    const one = '/connectors/works'
    const inTable = `${one}/tables/${table.name}`
    const strange = { cookie: plant('a cookie'), 'x-tailrace-forward-token': `v1.${plant('a forged signature')}` }
    const reading = [
      '/',
      '/health',
      '/metrics',
      '/livez',
      '/readyz',
      '/connectors',
      '/connectors?expand=status&expand=info',
      '/connector-plugins?connectorsOnly=false',
      '/admin/loggers',
      '/admin/loggers/root',
    ]
    reading.push(
      ...['', '/config', '/status', '/tasks', '/tasks-config', '/tasks/0/status', '/topics', '/tables', '/offsets'].map(
        (rest) => `${one}${rest}`,
      ),
    )
    for (const { class: name } of connectorPlugins) reading.push(`/connector-plugins/${name}/config`)
    for (const at of [
      ...reading,
      '/connectors/none',
      '/connectors/none/config',
      '/nowhere',
      `/connectors?token=${plant('a query')}`,
    ])
      for (const who of ['password', 'token', 'viewer', 'nobody'] as const)
        for (const process of [0, 1] as const) await service.ask(process, 'GET', at, { who, headers: strange })
    expect((await ask('DELETE', `${one}/offsets`)).status).toBe(400)
    const none = '/connector-plugins/NoSuchConnector/config/validate'
    expect((await ask('PUT', none, { body: { 'mask.hmac.key': plant('a plugin that there is not') } })).status).toBe(
      404,
    )
    const level = { body: { level: 'TRACE' } }
    const changing = [
      ['PUT', '/admin/loggers/root', level],
      ['PUT', '/admin/loggers/root?scope=cluster', level],
      ['PATCH', `${one}/config`, { body: { 'mask.hmac.key': plant('mask.hmac.key by PATCH') } }],
      ['POST', `${one}/restart?includeTasks=true&onlyFailed=true`],
      ['POST', `${one}/tasks/0/restart`],
      ...['pause', 'resume', 'stop', 'resume'].map((verb) => ['PUT', `${inTable}/${verb}`] as const),
      ['POST', `${inTable}/restart`],
      ['PUT', `${one}/topics/reset`],
      ['PUT', `${one}/pause`],
      ['PUT', `${one}/resume`],
      ['PUT', `${one}/stop`],
    ] as const
    for (const [method, at, asked] of changing)
      for (const who of ['nobody', 'viewer', 'token', 'password'] as const)
        await ask(method, at, { ...asked, who, headers: strange })
    const offsets = (await ask('GET', `${one}/offsets`)).body as {
      readonly offsets: readonly { readonly partition: unknown }[]
    }
    const forgotten = { offsets: offsets.offsets.map(({ partition }) => ({ partition, offset: null })) }
    await ask('PATCH', `${one}/offsets`, { body: { offsets: [{ partition: { a: 1 }, offset: null }] } })
    await expect
      .poll(async () => (await ask('PATCH', `${one}/offsets`, { body: forgotten })).status, patience)
      .toBe(200)
    await expect.poll(async () => (await ask('DELETE', `${one}/offsets`)).status, patience).toBe(200)
    const shown = (await ask('GET', `${one}/config`)).body as Config
    expect(shown['mask.hmac.key']).toBe('[hidden]')
    expect((await ask('PUT', `${one}/config`, { body: { ...shown, 'poll.idle.max.ms': 200 } })).status).toBe(200)
    expect(
      (await ask('PUT', `/connector-plugins/tailrace.TailraceSourceConnector/config/validate`, { body: shown })).status,
    ).toBe(200)
    expect((await ask('DELETE', '/connectors/tolerant')).status).toBe(204)
    for (const who of ['wrong password', 'wrong token'] as const)
      for (const process of [0, 1] as const) await service.ask(process, 'DELETE', '/connectors/works', { who })
    expect((await ask('DELETE', '/connectors/none')).status).toBe(404)
    expect(service.routesWithout((status) => status < 300)).toEqual(['PUT /connectors/:connector/topics/reset'])
    expect(service.routesWithout((status) => status >= 400)).toEqual(['GET /health'])
  }, 300_000)

  it('are in no log, no answer, and no topic but that of the configurations', async () => {
    sights = [...(await service.stop()), ...service.sights, ...(await topicSights(service))]
    const leaks = sights.flatMap(({ where, text }) =>
      service.canaries.findIn(text).map((place) => `${place}: ${where}`),
    )
    expect(leaks).toEqual([])
    expect(sights.length).toBeGreaterThan(300)
    expect(service.canaries.places.length).toBeGreaterThan(100)
  }, 120_000)

  it('would be found', async () => {
    // The same search, where they are by right.
    const { bootstrapServers } = service.broker.kafka
    const kept = await textOf(bootstrapServers, configTopicOf(service), 'all')
    const letters = await textOf(bootstrapServers, 'tailrace.works.dead-letters', 'all')
    expect(service.canaries.findIn(kept)).toEqual(
      expect.arrayContaining([
        'source.secret.access.key',
        'kafka.ssl.keystore.key',
        'kafka.sasl.password',
        'mask.hmac.key by PATCH',
      ]),
    )
    expect(service.canaries.findIn(kept)).not.toContain('a file that is referred to')
    expect(service.canaries.findIn(letters)).toEqual(['value of an item (poison)', 'value of a change'])
    // Everything has been logged.
    const logs = sights.filter(({ where }) => where.startsWith('log')).map(({ text }) => text.toLowerCase())
    const lacks = (log: string): readonly string[] =>
      ['audit', 'trace', 'connector password', 'connector basic'].filter((part) => !log.includes(part))
    expect(logs.map(lacks)).toEqual([[], []])
    expect(logs.some((log) => log.includes('dead letters'))).toBe(true)
  })
})

/** What every topic holds, but for what it holds by right: configurations, and items in the output and in dead letters. */
async function topicSights(service: ServiceOfSecrets): Promise<readonly Sight[]> {
  const { bootstrapServers } = service.broker.kafka
  const admin = new Admin({ clientId: 'secrets', bootstrapBrokers: [bootstrapServers] })
  const names = await admin.listTopics({ includeInternals: false })
  await admin.close()
  const sights: Sight[] = []
  for (const name of names.filter((each) => each !== configTopicOf(service))) {
    const holdsItems = /\.dead-letters$|^(?!tailrace\.).*\.table-/.test(name)
    sights.push({ where: `topic ${name}`, text: await textOf(bootstrapServers, name, holdsItems ? 'headers' : 'all') })
  }
  return sights
}

function configTopicOf({ group }: ServiceOfSecrets): string {
  return `tailrace.service.${group}.config`
}

async function textOf(bootstrapServers: string, topic: string, parts: 'headers' | 'all'): Promise<string> {
  const records = await readRecords(bootstrapServers, topic)
  return records
    .map(({ key, value, headers }) => {
      const shown = parts === 'all' ? [key, value] : [key]
      return [JSON.stringify(headers), ...shown.map((part) => part?.toString() ?? '')].join(' ')
    })
    .join('\n')
}
