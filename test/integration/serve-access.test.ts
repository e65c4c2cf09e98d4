import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { systemClock } from '../../src/async/system-clock.ts'
import { Secret } from '../../src/config/secret.ts'
import { forwardKey } from '../../src/hosts/serve/rest-listeners.ts'
import { createForwardTokens } from '../../src/hosts/server/rest/forward-token.ts'
import { encodeSign, reportKey } from '../../src/service/report-codec.ts'
import { connectKafka } from '../servers/connected-kafka.ts'
import { openRawProducer } from '../servers/raw-producer.ts'
import { startRequestRecorder } from '../servers/request-recorder.ts'
import type { SecuredAnswer, SecuredRequest } from '../servers/secured-request.ts'
import { startSecuredService } from '../servers/secured-service.ts'
import type { Credentials, SecuredService } from '../servers/secured-service.ts'
import type { ServiceProcessUnderTest } from '../servers/service-under-test.ts'

type LogLine = Readonly<Record<string, unknown>>

const canaries = {
  guess: 'a canary among guesses',
  property: 'a canary of sixteen and more',
  body: 'a-canary-in-a-body',
}
const config = {
  'connector.class': 'TailraceSource',
  'source.region': 'eu-west-1',
  'source.tables': 'orders',
  'mask.fields': 'orders.email=hmac',
  'mask.hmac.key': canaries.property,
}
const patience = { timeout: 60_000, interval: 200 }

describe('two processes of a service behind TLS', () => {
  let service: SecuredService
  let leader: ServiceProcessUnderTest
  /** Whatever changes something is handed on by it. */
  let follower: ServiceProcessUnderTest

  /** Asks the process that does not lead. */
  const ask = (method: string, path: string, more: Partial<SecuredRequest> = {}): Promise<SecuredAnswer> =>
    service.send(follower, { method, path, ...more })
  const statusOf = async (...request: Parameters<typeof ask>): Promise<number> => (await ask(...request)).status
  const linesOf = (process: ServiceProcessUnderTest): readonly LogLine[] =>
    process
      .log()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as LogLine)
  const auditOf = (process: ServiceProcessUnderTest): readonly LogLine[] =>
    linesOf(process).filter(({ audit }) => audit === true)
  const idOf = (process: ServiceProcessUnderTest): string =>
    String(linesOf(process).find(({ process: id }) => id !== undefined)?.['process'])
  const leads = async (process: ServiceProcessUnderTest): Promise<boolean> => {
    const { body } = await service.send(process, { path: '/readyz', ...service.basic('grafana') })
    return JSON.stringify(body).includes('This process leads.')
  }

  beforeAll(async () => {
    service = await startSecuredService(inject('kafka').bootstrapServers)
    const [first, second] = service.processes
    await vi.waitUntil(async () => (await leads(first)) || (await leads(second)), patience)
    ;[leader, follower] = (await leads(first)) ? [first, second] : [second, first]
    // Until the leader is known to the other one, changes are answered with 409.
    const stop = (): Promise<number> => statusOf('PUT', '/connectors/none/stop', service.basic('boss'))
    await vi.waitUntil(async () => (await stop()) === 404, patience)
  }, 180_000)
  afterAll(() => service[Symbol.asyncDispose](), 60_000)

  it('let each role do what it may, over the process that does not lead', async () => {
    const [viewer, operator, admin] = [service.basic('grafana'), service.basic('ops'), service.basic('boss')]
    const creation = { body: { name: 'orders', config, initial_state: 'STOPPED' } }
    expect(await statusOf('POST', '/connectors', { ...viewer, ...creation })).toBe(403)
    expect(await statusOf('POST', '/connectors', { ...operator, ...creation })).toBe(403)
    expect(await statusOf('POST', '/connectors', { ...service.token, ...creation })).toBe(403)
    const made = await ask('POST', '/connectors', { ...admin, ...creation })
    expect([made.status, made.headers['location']]).toEqual([201, `${follower.url}/connectors/orders`])
    expect(await ask('GET', '/connectors/orders/config', viewer)).toMatchObject({
      status: 200,
      body: { 'source.tables': 'orders', 'mask.hmac.key': '[hidden]' },
    })
    expect(await statusOf('PUT', '/connectors/orders/pause', viewer)).toBe(403)
    expect(await statusOf('PUT', '/connectors/orders/pause', operator)).toBe(202)
    expect(await statusOf('PUT', '/connectors/orders/stop', service.token)).toBe(204)
    expect(await statusOf('DELETE', '/connectors/orders', operator)).toBe(403)
    const level = { body: { level: 'DEBUG' } }
    expect(await statusOf('PUT', '/admin/loggers/tailrace?scope=cluster', { ...viewer, ...level })).toBe(403)
    expect(await statusOf('PUT', '/admin/loggers/tailrace?scope=cluster', { ...service.token, ...level })).toBe(204)
    expect(await statusOf('DELETE', '/connectors/orders', service.certificate)).toBe(204)
    expect((await service.send(leader, { path: '/connectors', ...viewer })).body).toEqual([])
  })

  it('know nobody without credentials, or with those of others', async () => {
    const nobody = await ask('GET', '/connectors')
    expect([nobody.status, nobody.headers['www-authenticate']]).toEqual([401, expect.stringContaining('Basic')])
    expect(await statusOf('GET', '/connectors', service.foreignCertificate)).toBe(401)
    expect(await statusOf('PUT', '/connectors/orders/stop', service.foreignCertificate)).toBe(401)
    expect(await statusOf('GET', '/connectors', { headers: { authorization: `Bearer ${canaries.guess}` } })).toBe(401)
    expect(await statusOf('GET', '/metrics')).toBe(401)
    expect(await statusOf('GET', '/livez')).toBe(200)
  })

  it('take five wrong passwords a minute of one name, and disturb nobody else', async () => {
    const guess = service.basic('ops', canaries.guess)
    for (let tries = 0; tries < 5; tries++) expect(await statusOf('GET', '/connectors', guess)).toBe(401)
    const refused = await ask('GET', '/connectors', guess)
    expect(refused.status).toBe(429)
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    expect(await statusOf('GET', '/connectors', service.basic('ops'))).toBe(200)
    expect(await statusOf('GET', '/connectors', service.basic('grafana'))).toBe(200)
  })

  it('refuse foreign hosts and origins, whoever asks', async () => {
    const as = (more: Readonly<Record<string, string>>): Credentials => ({
      headers: { ...service.basic('boss').headers, ...more },
    })
    expect(await statusOf('GET', '/connectors', as({ host: 'rebound.example' }))).toBe(403)
    expect(await statusOf('GET', '/connectors', as({ host: 'localhost' }))).toBe(200)
    expect(await statusOf('PUT', '/connectors/orders/stop', as({ origin: 'https://foreign.example' }))).toBe(403)
    expect(await statusOf('GET', '/connectors', as({ origin: follower.url }))).toBe(200)
    expect(await statusOf('GET', '/connectors', as({ 'sec-fetch-site': 'cross-site' }))).toBe(403)
  })

  it('refuse bodies that are too large or of no type, and names that are paths', async () => {
    const admin = service.basic('boss')
    const large = { ...admin, body: { name: 'large', config: { ...config, note: 'x'.repeat(10_485_760) } } }
    expect(await statusOf('POST', '/connectors', large)).toBe(413)
    const text = JSON.stringify({ name: canaries.body, config })
    expect(await statusOf('POST', '/connectors', { ...admin, body: text })).toBe(415)
    expect(await statusOf('PUT', '/connectors/..%2Fx/config', { ...admin, body: config })).toBe(400)
    expect(await statusOf('PUT', '/connectors/../x/config', { ...admin, body: config })).toBe(404)
    expect(await statusOf('PUT', '/connectors/%2e%2e/config', { ...admin, body: config })).toBe(404)
    expect(await statusOf('POST', '/connectors', { ...admin, body: { name: '../x', config } })).toBe(400)
    expect(await statusOf('DELETE', '/connectors/..%2Fx', admin)).toBe(404)
    expect((await ask('GET', '/connectors', admin)).body).toEqual([])
  })

  it('believe each token of a request that was handed on once, and no other', async () => {
    const key = forwardKey({ access: { forwardSecret: new Secret(service.forwardSecret) }, group: service.group })
    if (key === undefined) throw new Error('the service has a secret')
    const path = '/connectors/none/stop'
    const call = { method: 'PUT', path, body: Buffer.alloc(0), hops: 1 }
    const sign = (to: ServiceProcessUnderTest, signing: Uint8Array = key): string =>
      createForwardTokens({ key: signing, self: 'forger', clock: systemClock }).sign(
        call,
        { name: 'forger', role: 'admin' },
        idOf(to),
      )
    const show = async (token: string, to: ServiceProcessUnderTest, at = path): Promise<number> => {
      const headers = { 'x-tailrace-forwarded': '1', 'x-tailrace-forward-token': token }
      return (await service.send(to, { method: 'PUT', path: at, headers })).status
    }
    const token = sign(leader)
    // Whoever has the secret is believed: there is no such connector.
    expect(await show(token, leader)).toBe(404)
    expect(await show(token, leader)).toBe(401)
    expect(await show(sign(leader), follower)).toBe(401)
    expect(await show(sign(leader), leader, '/connectors/other/stop')).toBe(401)
    expect(await show(sign(leader, new Uint8Array(32)), leader)).toBe(401)
    expect(await show(`${sign(leader).slice(0, -1)}!`, leader)).toBe(401)
  })

  it('keep an audit of who did what, and no secrets', () => {
    const change = {
      method: 'POST',
      route: '/connectors',
      principal: 'boss',
      role: 'admin',
      connector: 'orders',
      status: 201,
    }
    expect(auditOf(follower)).toContainEqual(expect.objectContaining({ ...change, isForwarded: false }))
    expect(auditOf(leader)).toContainEqual(expect.objectContaining({ ...change, isForwarded: true }))
    const stop = { method: 'PUT', route: '/connectors/:connector/stop', connector: 'orders' }
    for (const line of [
      { ...stop, principal: 'deploy', role: 'operator', status: 204, isForwarded: true },
      { method: 'DELETE', connector: 'orders', principal: 'CN=mtls-client', role: 'admin', status: 204 },
    ])
      expect(auditOf(leader)).toContainEqual(expect.objectContaining(line))
    for (const line of [
      { route: '/connectors/:connector/pause', principal: 'grafana', role: 'viewer', status: 403 },
      { ...stop, principal: 'nobody', role: 'none', status: 401 },
      { method: 'GET', route: '/connectors', principal: 'nobody', status: 429 },
      { method: 'PUT', route: '/admin/loggers/:logger', principal: 'the service', status: 200, isForwarded: true },
    ])
      expect(auditOf(follower)).toContainEqual(expect.objectContaining(line))
    for (const process of service.processes) {
      const text = process.log()
      for (const secret of [...service.secrets, ...Object.values(canaries)]) expect(text).not.toContain(secret)
      expect(text).not.toMatch(/v1\.[\w-]{20,}\./)
      expect(text.match(/^.*"level":"error".*$/gm) ?? []).toEqual([])
    }
  })

  it('show the passwords and tokens of clients to nobody, wherever a report says that the leader is reached', async () => {
    await using recorder = await startRequestRecorder()
    await using kafka = connectKafka(inject('kafka').bootstrapServers)
    const [process, topic] = [idOf(leader), `tailrace.service.${service.group}.status`]
    const sign = { process, group: service.group, workerId: 'x:1', url: recorder.url, version: '0', isLeader: true }
    const forged = { topic, partition: 0, key: reportKey(process), value: encodeSign(sign), headers: [] }
    const forger = await openRawProducer(kafka, null)
    for (const who of [service.basic('boss'), service.token]) {
      const before = recorder.requests.length
      // The leader tells the truth again as soon as it reads that.
      await vi.waitUntil(async () => {
        await forger.write([{ ...forged, timestamp: systemClock.now() }])
        await statusOf('PUT', '/connectors/none/stop', who)
        return recorder.requests.length > before
      }, patience)
    }
    const heard = recorder.requests.join('\n')
    expect(heard).toContain('x-tailrace-forward-token')
    expect(heard).not.toMatch(/^authorization$/im)
    for (const secret of service.secrets) expect(heard).not.toContain(secret)
  })

  it('wait some seconds only for one that stands still', async () => {
    const change = { method: 'PUT', path: '/admin/loggers/tailrace?scope=cluster', body: { level: 'INFO' } }
    const askWithout = async (frozen: ServiceProcessUnderTest, asked: ServiceProcessUnderTest): Promise<unknown> => {
      const begunMs = systemClock.monotonic()
      process.kill(frozen.pid, 'SIGSTOP')
      try {
        const { status, body } = await service.send(asked, { ...change, ...service.basic('boss') })
        return { status, body, isSoon: systemClock.monotonic() - begunMs < 10_000 }
      } finally {
        process.kill(frozen.pid, 'SIGCONT')
      }
    }
    const refused = { status: 409, isSoon: true }
    const named = { body: { message: expect.stringContaining(new URL(follower.url).host) } }
    expect(await askWithout(follower, leader)).toMatchObject({ ...refused, ...named })
    const took = async (): Promise<boolean> =>
      (await service.send(leader, { ...change, ...service.basic('boss') })).status === 204
    await vi.waitUntil(took, patience)
    expect(await askWithout(leader, follower)).toMatchObject(refused)
  })

  it('hand over at their end', async () => {
    expect(await follower.stop()).toBe(0)
    expect(await leader.stop()).toBe(0)
  })
})
