import { beforeEach, describe, expect, it } from 'vitest'
import { createRestClient } from '../../../../test/fixtures/rest-client.ts'
import type { RestClient } from '../../../../test/fixtures/rest-client.ts'

type Config = Readonly<Record<string, string>>

const plain: Config = {
  name: 'shop',
  'connector.class': 'tailrace.TailraceSourceConnector',
  'source.region': 'eu-west-1',
  'source.tables': 'orders',
}
const secret: Config = { 'mask.hmac.key': 'a canary of sixteen and more' }
const reference: Config = { 'mask.hmac.key': '${env:TAILRACE_HMAC_KEY}' }
const one = '/connectors/shop'

let client: RestClient
beforeEach(() => {
  client = createRestClient()
})

async function answered(method: string, path: string, body?: unknown): Promise<unknown> {
  const answer = await client.call(method, path, body === undefined ? {} : { body })
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`)
  return answer.body
}

/**
 * Terraform's provider (Mongey/kafka-connect), by its routes: `config` and `config_sensitive` are sent as one map; what comes back is compared
 * with `config`, without the names that are in `config_sensitive`.
 */
describe('Terraform', () => {
  interface Resource {
    readonly config: Config
    readonly sensitive: Config
  }

  const whole = ({ config, sensitive }: Resource): Config => ({ ...config, ...sensitive })

  async function create(resource: Resource): Promise<void> {
    await answered('POST', '/connectors', { name: 'shop', config: whole(resource) })
    await answered('GET', one)
  }

  /** What a plan would change. */
  async function differences({ config, sensitive }: Resource): Promise<readonly string[]> {
    const { config: read } = (await answered('GET', one)) as { readonly config: Config }
    const names = [...new Set([...Object.keys(read), ...Object.keys(config)])].filter((name) => !(name in sensitive))
    return names.filter((name) => read[name] !== config[name])
  }

  /** True if the provider sees that its update was made; otherwise it asks again for two minutes, and fails. */
  async function update(resource: Resource): Promise<boolean> {
    await answered('PUT', `${one}/config`, whole(resource))
    const read = (await answered('GET', `${one}/config`)) as Config
    const sent = whole(resource)
    return (
      Object.keys(read).length === Object.keys(sent).length &&
      Object.entries(read).every(([name, value]) => value === sent[name])
    )
  }

  it('makes, reads, changes and deletes a connector whose secrets are references, and finds nothing to change', async () => {
    const resource = { config: { ...plain, ...reference }, sensitive: {} }
    await create(resource)
    expect(await differences(resource)).toEqual([])
    const changed = { ...resource, config: { ...resource.config, lanes: '8' } }
    expect(await differences(changed)).toEqual(['lanes'])
    expect(await update(changed)).toBe(true)
    expect(await differences(changed)).toEqual([])
    await answered('DELETE', one)
    // This is how it sees that it is gone.
    expect((await client.call('GET', one)).status).toBe(404)
  })

  it('finds nothing to change in a secret that is sensitive, and cannot see that its update was made', async () => {
    const resource = { config: plain, sensitive: secret }
    await create(resource)
    expect(await differences(resource)).toEqual([])
    expect(await update({ ...resource, config: { ...plain, lanes: '8' } })).toBe(false)
    expect((await answered('GET', `${one}/config`)) as Config).toMatchObject({ lanes: '8' })
  })

  it('would change a secret for ever that is not declared as sensitive', async () => {
    const resource = { config: { ...plain, ...secret }, sensitive: {} }
    await create(resource)
    expect(await differences(resource)).toEqual(['mask.hmac.key'])
    await update(resource)
    expect(await differences(resource)).toEqual(['mask.hmac.key'])
  })
})

/** kcctl, by its routes. */
describe('kcctl', () => {
  const kept = async (): Promise<string | undefined> =>
    (await client.service.info('shop', new AbortController().signal)).config.get('mask.hmac.key')

  it('applies a file: made if it is not there, replaced if it is', async () => {
    const { name: _name, ...config } = { ...plain, ...secret }
    expect(await answered('GET', '/connectors')).toEqual([])
    await answered('POST', '/connectors', { name: 'shop', config })
    expect(await answered('GET', '/connectors')).toEqual(['shop'])
    await answered('PUT', `${one}/config`, { ...config, lanes: 8 })
    expect(await answered('GET', one)).toMatchObject({ config: { ...plain, lanes: '8', 'mask.hmac.key': '[hidden]' } })
    expect(await kept()).toBe(secret['mask.hmac.key'])
  })

  it('patches by reading and writing everything, and secrets stay', async () => {
    await answered('PUT', `${one}/config`, { ...plain, ...secret })
    const read = (await answered('GET', `${one}/config`)) as Config
    await answered('PUT', `${one}/config`, { ...read, lanes: '8' })
    expect(await kept()).toBe(secret['mask.hmac.key'])
    expect(await answered('GET', `${one}/config`)).toMatchObject({ lanes: '8', 'mask.hmac.key': '[hidden]' })
  })

  it('tries a file out under the plain name of its class', async () => {
    const path = '/connector-plugins/TailraceSourceConnector/config/validate'
    const given = {
      ...plain,
      ...secret,
      name: 'dummy-name',
      'mask.fields': 'orders.n=hmac',
      'kafka.bootstrap.servers': 'k:9092',
    }
    expect(await answered('PUT', path, given)).toMatchObject({ error_count: 0 })
    expect(await answered('PUT', path, { ...given, lanes: 'many' })).toMatchObject({ error_count: 1 })
  })

  it('lists and describes', async () => {
    await answered('PUT', `${one}/config`, plain)
    expect(await answered('GET', '/connectors?expand=status&expand=info')).toMatchObject({
      shop: { status: { connector: { state: 'RUNNING' } }, info: { type: 'source' } },
    })
    for (const path of [
      one,
      `${one}/status`,
      `${one}/topics`,
      `${one}/offsets`,
      '/',
      '/connector-plugins',
      '/admin/loggers',
    ])
      await answered('GET', path)
  })
})
