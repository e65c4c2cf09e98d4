import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { Worker } from 'node:worker_threads'
import { Agent, request } from 'undici'
import { describe, expect, it } from 'vitest'
import { loopbackCertificatePem, loopbackKeyPem } from '../../../../test/fixtures/loopback-tls.ts'
import { createMemoryConnectService } from '../../../../test/fixtures/memory-connect-service.ts'
import { certificatePem, keyPem } from '../../../../test/fixtures/tls-material.ts'
import { systemClock } from '../../../async/system-clock.ts'
import { untilAborted } from '../../../async/until-aborted.ts'
import { silentLogger } from '../../../observe/logger.ts'
import { nobodyListed, parseAccessList } from '../access/access-list.ts'
import type { AuditEntry } from '../access/audit-log.ts'
import { createForwardTokens } from './forward-token.ts'
import type { Forwarding } from './forwarding.ts'
import { openForwarder } from './send-forward.ts'
import { startRestServer } from './start-rest-server.ts'
import type { RestServer, RestServerOptions } from './start-rest-server.ts'

const nobody = nobodyListed
const token = (role: string, name: string): string =>
  `token ${role} ${name} sha256:${createHash('sha256').update(name).digest('hex')}`

function start(overrides: Partial<RestServerOptions> = {}): Promise<RestServer> {
  return startRestServer({
    listen: { host: '127.0.0.1', port: 0 },
    access: nobody,
    service: createMemoryConnectService(),
    leadership: { leader: () => ({ kind: 'self' }) },
    forwarding: { send: () => Promise.reject(new Error('unused')), tokens: undefined },
    guard: { hosts: [], origins: [] },
    audit: () => {},
    clock: systemClock,
    logger: silentLogger,
    ...overrides,
  })
}

/** Sends bytes as they are, and gives what comes back until the connection ends. */
function raw(url: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(text))
    let answer = ''
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => void (answer += chunk))
    socket.on('error', reject)
    socket.on('close', () => resolve(answer))
  })
}

describe('where the service listens', () => {
  it.each(['0.0.0.0', '::', '10.0.0.1', 'tailrace.example.com'])('is not %s while nobody is named', async (host) => {
    await expect(start({ listen: { host, port: 0 } })).rejects.toMatchObject({ code: 'LISTEN_UNPROTECTED' })
  })

  it('is anywhere for those who are named', async () => {
    await using server = await start({
      listen: { host: '0.0.0.0', port: 0 },
      access: parseAccessList(token('viewer', 'ci'), 'list'),
    })
    const url = `http://127.0.0.1:${new URL(server.url).port}/connectors`
    expect((await request(url)).statusCode).toBe(401)
    expect((await request(url, { headers: { authorization: 'Bearer ci' } })).statusCode).toBe(200)
  })
})

describe('over sockets', () => {
  it('makes and reads connectors', async () => {
    await using server = await start()
    const made = await request(`${server.url}/connectors`, {
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify({ name: 'shop', config: { 'connector.class': 'TailraceSource' } }),
    })
    expect([made.statusCode, made.headers['location']]).toEqual([201, `${server.url}/connectors/shop`])
    expect(await (await request(`${server.url}/connectors/shop/config`)).body.json()).toEqual({
      'connector.class': 'TailraceSource',
      name: 'shop',
    })
  })

  it('refuses a body that is too large, whether its length is told or not, without waiting for it', async () => {
    await using server = await start()
    const head = 'PUT /connectors/a/config HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'
    expect(await raw(server.url, `${head}Content-Length: 10485760\r\n\r\n{`)).toMatch(/^HTTP\/1\.1 413 /)
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`
    expect(await raw(server.url, `${head}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(20)}`)).toMatch(
      /^HTTP\/1\.1 413 /,
    )
    // Who writes all of it before reading finds the answer, too: the connection does not close under it.
    const whole = `${head}Connection: close\r\nContent-Length: 10485760\r\n\r\n${'x'.repeat(10_485_760)}`
    expect(await raw(server.url, whole)).toMatch(/^HTTP\/1\.1 413 /)
  })

  it.each([
    ['a foreign host', 'GET /connectors HTTP/1.1\r\nHost: evil.example.com\r\nConnection: close\r\n\r\n', 403],
    [
      'a path that climbs',
      'GET /connectors/../../etc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
      404,
    ],
    [
      'a path of another server',
      'GET http://evil.example.com/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
      200,
    ],
    ['TRACE', 'TRACE /connectors HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', 405],
    ['what is not HTTP', 'canary\r\n\r\n', 400],
  ])('answers %s without a stack', async (_, text, status) => {
    await using server = await start()
    const answer = await raw(server.url, text)
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(answer).not.toMatch(/canary|\.ts|node_modules|\n\s+at /)
  })

  it('does nothing for who has hung up while the process stood still', async () => {
    const service = createMemoryConnectService()
    const asked: string[] = []
    const setTarget = (name: string): Promise<void> => Promise.resolve(void asked.push(name))
    await using server = await start({ service: Object.assign(service, { setTarget }) })
    const text = (name: string): string =>
      `PUT /connectors/${name}/pause HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n`
    // Somebody else's thread: this one does not turn until it has hung up.
    const code = `
      const { workerData: { port, text, flag } } = require('node:worker_threads')
      const socket = require('node:net').connect(port, '127.0.0.1', () => socket.end(text, () => {
        Atomics.store(flag, 0, 1)
        Atomics.notify(flag, 0)
      }))`
    const flag = new Int32Array(new SharedArrayBuffer(4))
    const port = Number(new URL(server.url).port)
    const asker = new Worker(code, { eval: true, workerData: { port, text: text('a'), flag } })
    expect(Atomics.wait(flag, 0, 0, 20_000)).not.toBe('timed-out')
    await new Promise((resolve) => asker.on('exit', resolve))
    expect(await raw(server.url, text('b').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))).toMatch(/ 202 /)
    expect(asked).toEqual(['b'])
  })

  /** A question that is answered when `end` aborts, or never; and the server that it was put to. */
  const waiting = async (
    heedsSignal: boolean,
  ): Promise<{ readonly server: RestServer; readonly answer: Promise<number> }> => {
    const service = createMemoryConnectService()
    const begun = Promise.withResolvers<void>()
    const connectors = (signal: AbortSignal): Promise<never> => {
      begun.resolve()
      return heedsSignal ? untilAborted(new Promise<never>(() => {}), signal) : new Promise<never>(() => {})
    }
    const server = await start({ service: Object.assign(service, { connectors }) })
    const answer = request(`${server.url}/connectors`).then(({ statusCode }) => statusCode)
    await begun.promise
    return { server, answer }
  }

  it('tells who waits that it closes', async () => {
    const { server, answer } = await waiting(true)
    await server[Symbol.asyncDispose]()
    expect(await answer).toBe(409)
  })

  it('cuts off what does not end when it closes', async () => {
    const { server, answer } = await waiting(false)
    const ended = answer.catch(() => 'ended')
    await server[Symbol.asyncDispose]()
    expect(await ended).toBe('ended')
  })
})

describe('client certificates', () => {
  const tls = { key: loopbackKeyPem, cert: loopbackCertificatePem, ca: loopbackCertificatePem }
  const access = parseAccessList('certificate operator CN=localhost\ncertificate admin CN=tailrace-test', 'list')

  async function statusOf(server: RestServer, shown: object): Promise<number> {
    const agent = new Agent({ connect: { ca: loopbackCertificatePem, ...shown } })
    try {
      return (await request(`${server.url}/connectors`, { dispatcher: agent })).statusCode
    } finally {
      await agent.close()
    }
  }

  it('say who it is, if an authority that is named made them', async () => {
    const own = { key: loopbackKeyPem, cert: loopbackCertificatePem }
    await using server = await start({ tls, access })
    expect(await statusOf(server, own)).toBe(200)
    expect(await statusOf(server, { key: keyPem, cert: certificatePem })).toBe(401)
    expect(await statusOf(server, {})).toBe(401)
    await using without = await start({ tls: { key: tls.key, cert: tls.cert }, access })
    expect(await statusOf(without, own)).toBe(401)
  })
})

describe('two processes', () => {
  it('hand requests on to the leader, who knows who is behind them', async () => {
    const key = Buffer.alloc(32, 1)
    const audit: AuditEntry[] = []
    const access = parseAccessList(token('admin', 'ci'), 'list')
    await using forwarder = openForwarder({ ca: loopbackCertificatePem })
    const forwardingOf = (self: string): Forwarding => ({
      send: forwarder.send,
      tokens: createForwardTokens({ key, self, clock: systemClock }),
    })
    const tls = { key: loopbackKeyPem, cert: loopbackCertificatePem }
    await using leader = await start({
      access,
      forwarding: forwardingOf('b'),
      tls,
      audit: (entry) => void audit.push(entry),
    })
    await using follower = await start({
      access,
      forwarding: forwardingOf('a'),
      leadership: { leader: () => ({ kind: 'other', url: leader.url, process: 'b' }) },
    })
    const made = await request(`${follower.url}/connectors`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer ci' },
      body: JSON.stringify({ name: 'a b', config: {} }),
    })
    expect([made.statusCode, made.headers['location']]).toEqual([201, `${follower.url}/connectors/a%20b`])
    expect(audit).toEqual([expect.objectContaining({ isForwarded: true, principal: { name: 'ci', role: 'admin' } })])
    const stopped = await request(`${follower.url}/connectors/a%20b/stop`, {
      method: 'PUT',
      headers: { authorization: 'Bearer ci' },
    })
    expect([stopped.statusCode, await stopped.body.text()]).toEqual([204, ''])
    await leader[Symbol.asyncDispose]()
    const lost = await request(`${follower.url}/connectors/a%20b/stop`, {
      method: 'PUT',
      headers: { authorization: 'Bearer ci' },
    })
    expect([lost.statusCode, await lost.body.json()]).toEqual([
      409,
      { error_code: 409, message: expect.stringContaining('gave no answer') },
    ])
  })
})
