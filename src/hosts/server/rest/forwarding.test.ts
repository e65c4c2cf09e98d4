import { describe, expect, it } from 'vitest'
import { createRestClient } from '../../../../test/fixtures/rest-client.ts'
import type { Answer, RestClient } from '../../../../test/fixtures/rest-client.ts'
import { TailraceError } from '../../../errors.ts'
import { createManualClock } from '../../../testing/manual-clock.ts'
import type { Authenticator } from '../access/authenticator.ts'
import { roles } from '../access/principal.ts'
import type { Leader } from './connect-service.ts'
import { createForwardTokens } from './forward-token.ts'
import type { ForwardTokens } from './forward-token.ts'
import type { ForwardRequest } from './forwarding.ts'
import { routes } from './routes.ts'

const other: Leader = { kind: 'other', url: 'http://10.0.0.2:8083/', process: 'second' }
const config = { 'connector.class': 'TailraceSource' }

function follower(leader: Leader = other): RestClient {
  return createRestClient({ leadership: { leader: () => leader } })
}

describe('a request that needs the leader', () => {
  it('is handed on with its query and body and without credentials, and the answer comes back', async () => {
    const { call, forwards, service } = follower()
    const headers = { authorization: 'Bearer canary', cookie: 'canary', accept: 'application/json' }
    const answer = await call('PUT', '/connectors/a%20b/config?x=1', { body: config, headers })
    expect(answer).toMatchObject({ status: 200, body: { from: 'leader' } })
    expect(forwards).toEqual([
      {
        url: 'http://10.0.0.2:8083/connectors/a%20b/config?x=1',
        method: 'PUT',
        headers: { accept: 'application/json', 'content-type': 'application/json', 'x-tailrace-forwarded': '1' },
        body: Buffer.from(JSON.stringify(config)),
      },
    ])
    expect(service.asked).toEqual([])
  })

  it("is one that changes the service's state; what reads, or asks a table's pipeline, is answered where it was asked", async () => {
    const { call, forwards } = follower()
    for (const { method, path, takesBody } of routes)
      await call(method, path.replaceAll(/:\w+/g, 'x'), takesBody ? { body: { level: 'INFO' } } : {})
    const reading = (path: string): boolean => path.endsWith('/validate') || path.startsWith('/admin/')
    const ofTables = (path: string): boolean => path.includes('/tables/')
    const changing = routes.filter(({ method, path }) => method !== 'GET' && !reading(path) && !ofTables(path))
    expect(forwards.map(({ method }) => method)).toEqual(changing.map(({ method }) => method))
    await call('PUT', '/admin/loggers/root?scope=cluster', { body: { level: 'INFO' } })
    expect(forwards.length).toBe(changing.length + 1)
  })

  it('is found where it was asked for: the process has read what the leader has written before it answers', async () => {
    const clock = createManualClock()
    const waits: number[] = []
    let read: () => void = () => undefined
    const reached = (revision: number): Promise<void> => {
      waits.push(revision)
      return new Promise((resolve) => (read = resolve))
    }
    const answer = { status: 204, contentType: undefined, location: undefined, revision: 7, body: Buffer.alloc(0) }
    const forwarding = { send: () => Promise.resolve(answer), tokens: undefined }
    const revisions = { current: () => 6, reached }
    const { call } = createRestClient({ leadership: { leader: () => other }, forwarding, revisions, clock })
    let isAnswered = false
    const first = call('DELETE', '/connectors/a').finally(() => (isAnswered = true))
    await clock.advance(1_999)
    expect({ waits, isAnswered }).toEqual({ waits: [7], isAnswered: false })
    read()
    expect((await first).status).toBe(204)
    // A process that lags behind answers all the same.
    const late = call('DELETE', '/connectors/a')
    await clock.advance(2_000)
    expect((await late).status).toBe(204)
  })

  it('tells the process that asked how far it must read', async () => {
    const { call } = createRestClient({ revisions: { current: () => 6, reached: () => Promise.resolve() } })
    const change = await call('PUT', '/connectors/a/config', { body: config })
    expect(change.headers.get('x-tailrace-revision')).toBe('6')
    expect((await call('GET', '/connectors')).headers.get('x-tailrace-revision')).toBeNull()
  })

  it('is 409 without a leader, and after two hops', async () => {
    expect(await follower({ kind: 'none' }).call('PUT', '/connectors/a/stop')).toMatchObject({
      status: 409,
      body: { error_code: 409, message: expect.stringContaining('no known leader URL') },
    })
    const trouble = new TailraceError('ADVERTISED_TWICE', 'two processes are reached at http://127.0.0.1:8083')
    expect(await follower({ kind: 'none', trouble }).call('PUT', '/connectors/a/stop')).toMatchObject({
      status: 409,
      body: { error_code: 409, message: expect.stringContaining(trouble.message) },
    })
    const { call, forwards } = follower()
    const hops = async (count: string): Promise<number> =>
      (await call('PUT', '/connectors/a/stop', { headers: { 'x-tailrace-forwarded': count } })).status
    expect([await hops('1'), await hops('2'), await hops('9'), await hops('x')]).toEqual([200, 409, 409, 409])
    expect(forwards.map(({ headers }) => headers['x-tailrace-forwarded'])).toEqual(['2'])
  })

  it('is told what is wrong with the log for as long as that keeps everybody from leading', async () => {
    const trouble = new TailraceError('SERVICE_LOG_UNREADABLE', 'offset 7 of shop.config: its value is not JSON')
    const { call } = follower({ kind: 'none', trouble })
    const message = `offset 7 of shop.config: its value is not JSON (SERVICE_LOG_UNREADABLE). ${trouble.remedy}`
    expect(await call('PUT', '/connectors/a/stop')).toMatchObject({ status: 500, body: { error_code: 500, message } })
    expect((await call('GET', '/connectors')).status).toBe(200)
  })

  it('is answered by whoever is leader, however often it was handed on', async () => {
    const { call } = createRestClient()
    await call('PUT', '/connectors/a/config', { body: config })
    expect((await call('PUT', '/connectors/a/stop', { headers: { 'x-tailrace-forwarded': '2' } })).status).toBe(204)
  })

  it.each([
    ['stands still', false, 3_500],
    ['lives, and is not done', true, 9_000],
  ])('is 409 if the leader %s, and says that it may have happened', async (_, lives, ms) => {
    const clock = createManualClock()
    let givenUp: unknown
    const alive = { status: 200, contentType: undefined, location: undefined, body: Buffer.alloc(0) }
    const send = ({ url }: ForwardRequest, signal: AbortSignal): Promise<typeof alive> =>
      new Promise((resolve, reject) => {
        if (lives && url.endsWith('/livez')) return resolve(alive)
        signal.addEventListener('abort', () => {
          givenUp = signal.reason
          reject(signal.reason as Error)
        })
      })
    const { call } = createRestClient({
      leadership: { leader: () => other },
      forwarding: { tokens: undefined, send },
      clock,
    })
    let isAnswered = false
    const answer = call('PUT', '/connectors/a/stop').finally(() => (isAnswered = true))
    await clock.advance(ms - 1)
    expect({ isAnswered, givenUp }).toEqual({ isAnswered: false, givenUp: undefined })
    await clock.advance(1)
    expect(await answer).toMatchObject({ status: 409, body: { message: expect.stringContaining('may have happened') } })
    expect(givenUp).toMatchObject({ code: 'SERVICE_CHANGING' })
  })

  it('is answered within ten seconds also if the leader was slow and this process reads slowly', async () => {
    const clock = createManualClock()
    const answer = { status: 204, contentType: undefined, location: undefined, revision: 7, body: Buffer.alloc(0) }
    const send = (): Promise<typeof answer> => clock.sleep(8_500).then(() => answer)
    const revisions = { current: () => 6, reached: () => new Promise<void>(() => undefined) }
    const { call } = createRestClient({
      leadership: { leader: () => other },
      forwarding: { tokens: undefined, send },
      revisions,
      clock,
    })
    const answered = call('DELETE', '/connectors/a')
    await clock.advance(9_500)
    expect((await answered).status).toBe(204)
  })

  describe('while no leader is known', () => {
    /** A process that hears of leaders when it is told. */
    function waiting(): { readonly client: RestClient; readonly meet: (leader: Leader) => void } {
      const listeners = new Set<() => void>()
      let leader: Leader = { kind: 'none' }
      const leadership = {
        leader: (): Leader => leader,
        onChange: (listener: () => void) => {
          listeners.add(listener)
          return () => void listeners.delete(listener)
        },
      }
      const meet = (next: Leader): void => {
        leader = next
        for (const listener of listeners) listener()
      }
      return { client: createRestClient({ leadership }), meet }
    }

    it('waits for one, whoever it is', async () => {
      for (const leader of [{ kind: 'self' }, other] as const) {
        const { client, meet } = waiting()
        const answer = client.call('PUT', '/connectors/a/config', { body: config })
        await client.clock.advance(3_900)
        meet({ kind: 'none' })
        expect([client.service.asked, client.forwards]).toEqual([[], []])
        meet(leader)
        expect((await answer).status).toBe(leader.kind === 'self' ? 201 : 200)
      }
    })

    it('is 409 after four seconds, and at once where it was handed on', async () => {
      const { client } = waiting()
      const stop = (hops: string): Promise<Answer> =>
        client.call('PUT', '/connectors/a/stop', { headers: { 'x-tailrace-forwarded': hops } })
      expect((await stop('1')).status).toBe(409)
      const first = stop('0')
      await client.clock.advance(4_000)
      expect(await first).toMatchObject({
        status: 409,
        body: { message: expect.stringContaining('no known leader URL') },
      })
      expect(client.clock.sleepers).toBe(0)
    })

    it('is waited for by its revision, too, as ever', async () => {
      const clock = createManualClock()
      let leader: Leader = { kind: 'none' }
      let tell: () => void = () => undefined
      const leadership = {
        leader: (): Leader => leader,
        onChange: (listener: () => void) => {
          tell = listener
          return () => undefined
        },
      }
      const answer = { status: 204, contentType: undefined, location: undefined, revision: 7, body: Buffer.alloc(0) }
      const { call } = createRestClient({
        leadership,
        clock,
        revisions: { current: () => 6, reached: () => new Promise(() => undefined) },
        forwarding: { send: () => Promise.resolve(answer), tokens: undefined },
      })
      const late = call('DELETE', '/connectors/a')
      await clock.advance(1_500)
      leader = other
      tell()
      await clock.advance(2_000)
      expect((await late).status).toBe(204)
    })
  })

  it('is 409 if the leader does not answer', async () => {
    const { call } = createRestClient({
      leadership: { leader: () => other },
      forwarding: { tokens: undefined, send: () => Promise.reject(new TailraceError('SERVICE_CHANGING', 'no answer')) },
    })
    expect(await call('PUT', '/connectors/a/stop')).toMatchObject({ status: 409, body: { message: 'no answer' } })
  })
})

describe('who is behind a request that was handed on', () => {
  const clock = createManualClock()
  const tokensOf = (self: string): ForwardTokens => createForwardTokens({ key: Buffer.alloc(32, 7), self, clock })
  const certified: Authenticator = {
    authenticate: ({ subject }) =>
      Promise.resolve(
        subject === undefined
          ? { status: 401, message: 'nobody' }
          : { principal: { name: 'ops', role: roles.find((role) => role === subject.get('CN')) ?? 'viewer' } },
      ),
  }

  /** Two processes: what the first hands on reaches the second, perhaps changed on the way. */
  function pair(
    change: (request: ForwardRequest) => ForwardRequest = (request) => request,
    self = 'second',
  ): {
    readonly first: RestClient
    readonly second: RestClient
    /** The same once more, as somebody who has listened would send it. */
    readonly replay: () => Promise<number>
  } {
    let heard: () => Promise<number> = () => Promise.reject(new Error('nothing was sent'))
    const second = createRestClient({
      authenticator: certified,
      clock,
      forwarding: { tokens: tokensOf(self), send: () => Promise.reject(new Error('unused')) },
    })
    const first = createRestClient({
      authenticator: certified,
      leadership: { leader: () => other },
      clock,
      forwarding: {
        tokens: tokensOf('first'),
        send: async (sent) => {
          const { url, method, headers, body } = change(sent)
          const { pathname, search } = new URL(url)
          const given = { headers, ...(body.length === 0 ? {} : { body: body.toString() }) }
          heard = async () => (await second.call(method, pathname + search, given)).status
          const answer = await second.call(method, pathname + search, given)
          return {
            status: answer.status,
            contentType: undefined,
            location: undefined,
            body: Buffer.from(JSON.stringify(answer.body ?? null)),
          }
        },
      },
    })
    return { first, second, replay: () => heard() }
  }

  async function put(first: RestClient, role: string): Promise<number> {
    return (
      await first.call('PUT', '/connectors/a/config', { body: config, facts: { subject: new Map([['CN', role]]) } })
    ).status
  }

  it('is known to the leader, also if it showed a certificate', async () => {
    const { first, second } = pair()
    expect(await put(first, 'admin')).toBe(201)
    expect(second.audit).toEqual([
      expect.objectContaining({ principal: { name: 'ops', role: 'admin' }, isForwarded: true, status: 201 }),
    ])
    expect(await put(first, 'operator')).toBe(403)
  })

  it.each([
    ['another body', (request: ForwardRequest) => ({ ...request, body: Buffer.from('{"connector.class":"Other"}') })],
    ['another path', (request: ForwardRequest) => ({ ...request, url: request.url.replace('/a/', '/b/') })],
    [
      'other hops',
      (request: ForwardRequest) => ({ ...request, headers: { ...request.headers, 'x-tailrace-forwarded': '0' } }),
    ],
    [
      'another signature',
      (request: ForwardRequest) => {
        const token = request.headers['x-tailrace-forward-token'] ?? ''
        const changed = `${token.slice(0, -2)}${token.endsWith('AA') ? 'BB' : 'AA'}`
        return { ...request, headers: { ...request.headers, 'x-tailrace-forward-token': changed } }
      },
    ],
    [
      'no signature',
      (request: ForwardRequest) => ({
        ...request,
        headers: { ...request.headers, 'x-tailrace-forward-token': 'v1..' },
      }),
    ],
  ])('is nobody with %s', async (_, change) => {
    expect(await put(pair(change).first, 'admin')).toBe(401)
  })

  it('is nobody a minute later', async () => {
    const { second } = pair()
    const call = { method: 'PUT', path: '/connectors/a/stop', body: Buffer.alloc(0), hops: 1 }
    const token = tokensOf('first').sign(call, { name: 'ops', role: 'admin' }, 'second')
    await clock.advance(61_000)
    const headers = { 'x-tailrace-forwarded': '1', 'x-tailrace-forward-token': token }
    // Nobody can see by it that a password is right: it is not there.
    expect(await second.call('PUT', '/connectors/a/stop', { headers })).toMatchObject({
      status: 401,
      body: { message: expect.stringMatching(/rest\.forward\.secret.*clocks/) },
    })
  })

  it('is nobody when a token comes again', async () => {
    const { first, replay } = pair()
    expect([await put(first, 'admin'), await replay()]).toEqual([201, 401])
    await clock.advance(61_000)
    expect(await replay()).toBe(401)
    expect(await put(first, 'admin')).toBe(200)
  })

  it('is nobody for a process to which the token was not sent', async () => {
    expect(await put(pair(undefined, 'third').first, 'admin')).toBe(401)
  })
})
