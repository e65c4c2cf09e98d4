import { describe, expect, it } from 'vitest'
import { createRestClient } from '../../../../test/fixtures/rest-client.ts'
import { TailraceError } from '../../../errors.ts'
import type { ConnectService } from './connect-service.ts'

const config = {
  'connector.class': 'TailraceSource',
  'source.region': 'eu-west-1',
  'source.tables': 'orders',
  'mask.hmac.key': 'canary-of-sixteen',
}
const stored = { ...config, name: 'shop', 'mask.hmac.key': '[hidden]' }
const info = { name: 'shop', config: stored, tasks: [{ connector: 'shop', task: 0 }], type: 'source' }

async function withShop(): Promise<ReturnType<typeof createRestClient>> {
  const client = createRestClient()
  await client.call('PUT', '/connectors/shop/config', { body: config })
  return client
}

describe('connectors', () => {
  it('are made by POST: 201, where it is, and the configuration without its secrets', async () => {
    const { call } = createRestClient()
    const made = await call('POST', '/connectors', { body: { name: ' shop ', config } })
    expect(made.status).toBe(201)
    expect(made.headers.get('location')).toBe('http://localhost:8083/connectors/shop')
    expect(made.body).toEqual(info)
    const again = await call('POST', '/connectors', { body: { name: 'shop', config } })
    expect(again).toMatchObject({ status: 409, body: { error_code: 409, message: 'Connector shop already exists' } })
  })

  it.each([
    ['RUNNING', 'RUNNING'],
    ['paused', 'PAUSED'],
    ['Stopped', 'STOPPED'],
  ])('begin in the state %s', async (initial, state) => {
    const { call } = createRestClient()
    await call('POST', '/connectors', { body: { name: 'shop', config, initial_state: initial } })
    expect((await call('GET', '/connectors/shop/status')).body).toMatchObject({ connector: { state } })
  })

  it.each([
    ['no object', '[]', 'must be a JSON object'],
    ['no name', { config }, 'must have a name'],
    ['no configuration', { name: 'shop' }, 'config must be a flat JSON object'],
    ['a nested configuration', { name: 'shop', config: { a: { b: 1 } } }, 'the value of a must be'],
    ['a list in it', { name: 'shop', config: { a: [1] } }, 'the value of a must be'],
    ['a null in it', { name: 'shop', config: { ...config, a: null } }, 'Null value can not be supplied'],
    ['another name in it', { name: 'shop', config: { name: 'other' } }, "doesn't match connector name"],
    ['a state that there is not', { name: 'shop', config, initial_state: 'ASLEEP' }, 'RUNNING, PAUSED or STOPPED'],
    ['members of an answer', { name: 'shop', config, tasks: [] }, 'Unrecognized field "tasks"'],
    ['a path for a name', { name: '../x', config }, 'must not be a path'],
    ['two dots', { name: '..', config }, 'must not be a path'],
    ['a name with a line break', { name: 'a\nb', config }, 'control characters'],
    ['a name without end', { name: 'n'.repeat(250), config }, '249 characters'],
  ])('are not made of %s', async (_, body, message) => {
    const { call, service } = createRestClient()
    const answer = await call('POST', '/connectors', { body })
    expect(answer).toMatchObject({ status: 400, body: { error_code: 400, message: expect.stringContaining(message) } })
    expect(service.asked).toEqual([])
  })

  it('take numbers and booleans as the texts that were sent', async () => {
    const { call } = createRestClient()
    const body =
      '{"connector.class":"X","init.sync.delay.period":60,"a":1.0,"b":12345678901234567890,"c":true,"e":-1e+2,"f":"{\\"x\\": 1.50}"}'
    await call('PUT', '/connectors/shop/config', { body })
    expect((await call('GET', '/connectors/shop/config')).body).toEqual({
      'connector.class': 'X',
      'init.sync.delay.period': '60',
      a: '1.0',
      b: '12345678901234567890',
      c: 'true',
      e: '-1e+2',
      f: '{"x": 1.50}',
      name: 'shop',
    })
  })

  it('have names of any signs but those of paths, percent-encoded', async () => {
    const { call } = createRestClient()
    const made = await call('PUT', `/connectors/${encodeURIComponent('Bestellungen für 100% + “Läden”')}/config`, {
      body: config,
    })
    expect(made.status).toBe(201)
    expect((await call('GET', new URL(made.headers.get('location') ?? '').pathname)).status).toBe(200)
    expect((await call('GET', '/connectors')).body).toEqual(['Bestellungen für 100% + “Läden”'])
    expect((await call('PUT', '/connectors/..%2Fx/config', { body: config })).status).toBe(400)
    expect((await call('PUT', '/connectors/../x/config', { body: config })).status).toBe(404)
  })

  it('are listed by name, or with what is asked for', async () => {
    const { call } = await withShop()
    const status = { connector: { state: 'RUNNING' }, tasks: [{ id: 0 }] }
    expect((await call('GET', '/connectors')).body).toEqual(['shop'])
    expect((await call('GET', '/connectors?expand=info&expand=status&expand=x')).body).toMatchObject({
      shop: { info, status },
    })
    expect((await call('GET', '/connectors?expand=nothing')).body).toEqual({ shop: {} })
  })

  it('are looked at eight at a time where their states are asked for', async () => {
    const { service } = await withShop()
    const names = Array.from({ length: 30 }, (_, index) => `shop-${index}`)
    let [running, mostAtOnce] = [0, 0]
    const slow: ConnectService = {
      ...service,
      connectors: async () => names,
      status: async (_, signal) => {
        mostAtOnce = Math.max(mostAtOnce, ++running)
        await Promise.resolve()
        running--
        return service.status('shop', signal)
      },
    }
    const { body } = await createRestClient({ service: slow }).call('GET', '/connectors?expand=status')
    expect(Object.keys(body as object)).toEqual(names)
    expect(mostAtOnce).toBe(8)
  })

  it('are replaced by PUT, keep secrets that come back hidden, and are changed by PATCH', async () => {
    const { call, service } = await withShop()
    const put = await call('PUT', '/connectors/shop/config', { body: { ...stored, lanes: 4 } })
    expect(put).toMatchObject({ status: 200, body: { config: { ...stored, lanes: '4' } } })
    const { config: kept } = await service.info('shop', new AbortController().signal)
    expect(kept.get('mask.hmac.key')).toBe('canary-of-sixteen')
    const patched = await call('PATCH', '/connectors/shop/config', { body: { lanes: null, epoch: 2 } })
    expect(patched).toMatchObject({ status: 200, body: { config: { ...stored, epoch: '2' } } })
    expect((await call('PATCH', '/connectors/shop/config', { body: { name: 'x' } })).status).toBe(400)
    expect((await call('PATCH', '/connectors/none/config', { body: {} })).status).toBe(404)
  })

  it('are shown, and deleted: 204 without a body', async () => {
    const { call } = await withShop()
    expect((await call('GET', '/connectors/shop')).body).toEqual(info)
    expect((await call('GET', '/connectors/shop/tasks')).body).toEqual([
      { id: { connector: 'shop', task: 0 }, config: stored },
    ])
    expect((await call('GET', '/connectors/shop/tasks-config')).body).toEqual({ 'shop-0': stored })
    expect((await call('GET', '/connectors/shop/topics')).body).toEqual({ shop: { topics: ['dynamodb.orders'] } })
    expect(await call('DELETE', '/connectors/shop')).toMatchObject({ status: 204, body: undefined })
    const gone = await call('GET', '/connectors/shop')
    expect(gone).toMatchObject({ status: 404, body: { error_code: 404, message: 'Connector shop not found' } })
  })
})

describe('starting and stopping', () => {
  it.each([
    ['PUT', '/pause', 202],
    ['PUT', '/resume', 202],
    ['PUT', '/stop', 204],
    ['PUT', '/topics/reset', 202],
    ['POST', '/restart', 204],
    ['POST', '/restart?includeTasks=no', 204],
    ['POST', '/tasks/0/restart', 204],
    ['PUT', '/tables/orders/pause', 202],
    ['PUT', '/tables/orders/stop', 204],
    ['PUT', '/tables/orders/resume', 202],
    ['POST', '/tables/orders/restart', 204],
  ])('%s %s is answered %i without a body', async (method, path, status) => {
    const { call } = await withShop()
    expect(await call(method, `/connectors/shop${path}`)).toMatchObject({ status, body: undefined })
    expect((await call(method, `/connectors/none${path}`)).status).toBe(404)
  })

  it('restarts with tasks: 202 and the status', async () => {
    const { call, service } = await withShop()
    const answer = await call('POST', '/connectors/shop/restart?includeTasks=True&onlyFailed=false')
    expect(answer).toMatchObject({
      status: 202,
      body: { name: 'shop', connector: { state: 'RUNNING' }, type: 'source' },
    })
    await call('POST', '/connectors/shop/restart?onlyFailed=true')
    expect(service.asked.slice(-2)).toEqual(['restart shop true false', 'restart shop false true'])
  })

  it('knows tasks and tables by their own routes', async () => {
    const { call } = await withShop()
    const report = { id: 0, state: 'RUNNING', worker_id: '127.0.0.1:8083', version: '1.2.3' }
    expect((await call('GET', '/connectors/shop/tasks/0/status')).body).toEqual(report)
    for (const task of ['1', 'x', '-1'])
      expect((await call('GET', `/connectors/shop/tasks/${task}/status`)).status).toBe(404)
    expect((await call('POST', '/connectors/shop/tasks/1/restart')).status).toBe(404)
    await call('PUT', '/connectors/shop/tables/orders/stop')
    expect((await call('GET', '/connectors/shop/tables')).body).toEqual([{ table: 'orders', state: 'STOPPED' }])
    expect((await call('PUT', '/connectors/shop/tables/none/stop')).status).toBe(404)
  })
})

describe('offsets', () => {
  const offsets = [{ partition: { table: 'orders', shard_id: 's' }, offset: { sequence_number: '7' } }]

  it('are read at any time and changed while the connector is stopped', async () => {
    const { call } = await withShop()
    expect((await call('PATCH', '/connectors/shop/offsets', { body: { offsets } })).status).toBe(400)
    expect((await call('DELETE', '/connectors/shop/offsets')).status).toBe(400)
    await call('PUT', '/connectors/shop/stop')
    const altered = await call('PATCH', '/connectors/shop/offsets', { body: { offsets } })
    expect(altered).toMatchObject({
      status: 200,
      body: { message: 'The offsets for this connector have been altered successfully' },
    })
    expect((await call('GET', '/connectors/shop/offsets')).body).toEqual({ offsets })
    expect((await call('DELETE', '/connectors/shop/offsets')).status).toBe(200)
    expect((await call('GET', '/connectors/shop/offsets')).body).toEqual({ offsets: [] })
  })

  it.each([
    [{}],
    [{ offsets: [] }],
    [{ offsets: [{ partition: {} }] }],
    [{ offsets: [{ partition: 1, offset: null }] }],
    [{ offsets, more: 1 }],
  ])('are not changed by %j', async (body) => {
    const { call } = await withShop()
    await call('PUT', '/connectors/shop/stop')
    expect((await call('PATCH', '/connectors/shop/offsets', { body })).status).toBe(400)
  })
})

describe('plugins and loggers', () => {
  it('lists connectors, or everything', async () => {
    const { call } = createRestClient()
    const [connectors, all] = [
      await call('GET', '/connector-plugins'),
      await call('GET', '/connector-plugins?connectorsOnly=false'),
    ]
    expect(connectors.body).toContainEqual({
      class: 'tailrace.TailraceSourceConnector',
      type: 'source',
      version: '1.2.3',
    })
    expect(connectors.body).not.toContainEqual(expect.objectContaining({ type: 'transformation' }))
    expect(all.body).toContainEqual(expect.objectContaining({ type: 'transformation' }))
  })

  it('says what a plugin takes and what is wrong with a configuration: 200', async () => {
    const { call } = createRestClient()
    expect((await call('GET', '/connector-plugins/TailraceSource/config')).body).toContainEqual(
      expect.objectContaining({ name: 'source.tables' }),
    )
    expect((await call('GET', '/connector-plugins/None/config')).status).toBe(404)
    const path = '/connector-plugins/TailraceSourceConnector/config/validate'
    const bad = await call('PUT', path, { body: { ...config, name: 'shop', 'topic.partitions': 'six' } })
    expect(bad).toMatchObject({ status: 200, body: { name: 'tailrace.TailraceSourceConnector', error_count: 1 } })
    expect(JSON.stringify(bad.body)).not.toContain('canary')
    expect(await call('PUT', path, { body: { 'connector.class': 'Other' } })).toMatchObject({ status: 400 })
    expect(await call('PUT', path, { body: { a: {} } })).toMatchObject({ status: 400 })
  })

  it('reads and sets levels', async () => {
    const { call, service } = createRestClient()
    expect((await call('GET', '/admin/loggers')).body).toEqual({ root: { level: 'INFO', last_modified: null } })
    expect((await call('GET', '/admin/loggers/root')).body).toEqual({ level: 'INFO', last_modified: null })
    expect((await call('GET', '/admin/loggers/none')).status).toBe(404)
    expect(await call('PUT', '/admin/loggers/root', { body: { level: 'debug' } })).toMatchObject({
      status: 200,
      body: ['root'],
    })
    const cluster = await call('PUT', '/admin/loggers/root?scope=Cluster', { body: { level: 'WARN' } })
    expect(cluster).toMatchObject({ status: 204, body: undefined })
    expect(service.asked).toEqual(['setLogger root DEBUG worker', 'setLogger root WARN cluster'])
    expect((await call('PUT', '/admin/loggers/root', { body: { level: 'LOUD' } })).status).toBe(404)
    expect((await call('PUT', '/admin/loggers/root', { body: {} })).status).toBe(400)
  })
})

describe('words of a failure', () => {
  it('are told without secrets', async () => {
    const { call, service } = createRestClient({ hide: (text) => text.replaceAll('canary', '[hidden]') })
    service.failWith(new TailraceError('CONFIG_INVALID', 'the server said canary'))
    expect(await call('GET', '/connectors')).toMatchObject({
      status: 400,
      body: { message: 'the server said [hidden]' },
    })
  })
})

describe('every answer', () => {
  it('says who answers and how it is', async () => {
    const { call } = createRestClient()
    expect((await call('GET', '/')).body).toEqual({ version: '1.2.3', commit: 'abc', kafka_cluster_id: 'cluster' })
    expect(await call('GET', '/health')).toMatchObject({ status: 200, body: { status: 'healthy' } })
  })

  it.each([
    ['a route that there is not', 'GET /nothing', {}, 404],
    ['a method that a route has not', 'DELETE /connectors', {}, 405],
    ['broken JSON', 'PUT /connectors/a/config', { body: '{"a":' }, 400],
    ['an empty body', 'PUT /connectors/a/config', {}, 400],
    [
      'a form',
      'PUT /connectors/a/config',
      { body: 'a=1', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      415,
    ],
    [
      'JSON that says it is text',
      'POST /connectors/a/restart',
      { body: '{}', headers: { 'content-type': 'text/plain' } },
      415,
    ],
    ['ten megabytes', 'PUT /connectors/a/config', { body: `{"a":"${'x'.repeat(10_485_760)}"}` }, 413],
    ['a client that reads XML only', 'GET /connectors', { headers: { accept: 'application/xml' } }, 406],
  ])('is an error in Connect’s shape for %s', async (_, request, sent, status) => {
    const { call, service } = createRestClient()
    const [method = '', path = ''] = request.split(' ')
    const answer = await call(method, path, sent)
    expect(answer.status).toBe(status)
    expect(answer.body).toEqual({ error_code: status, message: expect.any(String) })
    expect(answer.headers.get('content-type')).toBe('application/json')
    expect(service.asked).toEqual([])
  })

  it('is an answer with or without a slash at the end, also to HEAD and OPTIONS', async () => {
    const { call } = await withShop()
    expect((await call('GET', '/connectors/')).body).toEqual(['shop'])
    expect(await call('HEAD', '/connectors')).toMatchObject({ status: 200, body: undefined })
    expect((await call('HEAD', '/connectors/none')).status).toBe(404)
    const options = await call('OPTIONS', '/connectors/shop/config')
    expect([options.status, options.headers.get('allow')]).toEqual([200, 'GET, PUT, PATCH, HEAD, OPTIONS'])
    expect(options.headers.get('access-control-allow-origin')).toBeNull()
    expect((await call('DELETE', '/connectors')).headers.get('allow')).toBe('GET, POST, HEAD, OPTIONS')
  })

  it.each([
    [new TailraceError('SERVICE_CHANGING', 'no leader'), 409, 'no leader'],
    [
      new TailraceError('CONFIG_INVALID', 'connector: lanes must be a whole number'),
      400,
      'connector: lanes must be a whole number',
    ],
    [new TailraceError('TOPICS_NOT_TRACKED', 'Topic tracking is disabled.'), 403, 'Topic tracking is disabled.'],
    [new Error('canary at secret.ts:1:1'), 500, 'Internal error; the log of the process says more'],
  ])('says of %s what may be said', async (error, status, message) => {
    const { call, service } = createRestClient()
    service.failWith(error)
    expect(await call('GET', '/connectors')).toMatchObject({ status, body: { error_code: status, message } })
  })

  it('comes after 90 seconds at the latest, and what is asked for is given up', async () => {
    const client = createRestClient()
    let signal: AbortSignal | undefined
    Object.assign(client.service, {
      connectors: (given: AbortSignal) => {
        signal = given
        return new Promise(() => {})
      },
    })
    const answer = client.call('GET', '/connectors')
    while (client.clock.sleepers === 0) await new Promise((resolve) => setImmediate(resolve))
    await client.clock.advance(90_000)
    expect(await answer).toMatchObject({
      status: 500,
      body: { error_code: 500, message: expect.stringContaining('Request timed out') },
    })
    expect(signal?.aborted).toBe(true)
  })
})
