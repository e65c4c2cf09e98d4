import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createRestClient } from '../../../../test/fixtures/rest-client.ts'
import { createManualClock } from '../../../testing/manual-clock.ts'
import { parseAccessList } from '../access/access-list.ts'
import { createAuthenticator } from '../access/authenticator.ts'
import { mayAct, roles } from '../access/principal.ts'
import { createRestApp } from './create-rest-app.ts'
import { routes } from './routes.ts'

const text = roles.map(
  (role) => `token ${role} ${role}s sha256:${createHash('sha256').update(`${role}-token`).digest('hex')}`,
)
const list = parseAccessList(text.join('\n'), 'access')

function client(): ReturnType<typeof createRestClient> {
  return createRestClient({ authenticator: createAuthenticator(list, createManualClock()) })
}

const cells = routes.flatMap((route) =>
  [...roles, 'nobody' as const].map((who) => [who, route.method, route.path, route] as const),
)

describe('who may use which route', () => {
  it.each(cells)('%s: %s %s', async (who, method, path, route) => {
    const { call, audit } = client()
    const headers: Record<string, string> = who === 'nobody' ? {} : { authorization: `Bearer ${who}-token` }
    const answer = await call(method, path.replaceAll(/:\w+/g, 'x'), {
      headers,
      ...(route.takesBody ? { body: {} } : {}),
    })
    const isOpen = route.role === 'anyone'
    const isAllowed = isOpen || (who !== 'nobody' && mayAct(who, route.role))
    const refusal = who === 'nobody' ? 401 : 403
    if (isAllowed) expect([401, 403, 405]).not.toContain(answer.status)
    else expect(answer).toMatchObject({ status: refusal, body: { error_code: refusal } })
    const isTold = !isAllowed || method !== 'GET'
    const expected = {
      principal: who === 'nobody' ? undefined : { name: `${who}s`, role: who },
      route: path,
      status: answer.status,
    }
    expect(audit).toEqual(isTold ? [expect.objectContaining(expected)] : [])
  })

  it('is what the roles are for: viewers change nothing, operators start and stop, health is for anyone', () => {
    const paths = (role: string): readonly string[] =>
      routes.filter((route) => route.role === role).map(({ method, path }) => `${method} ${path}`)
    expect(paths('anyone')).toEqual(['GET /health'])
    expect(paths('viewer').filter((each) => !each.startsWith('GET '))).toEqual([])
    expect(paths('admin')).toEqual([
      'POST /connectors',
      'DELETE /connectors/:connector',
      'PUT /connectors/:connector/config',
      'PATCH /connectors/:connector/config',
      'PATCH /connectors/:connector/offsets',
      'DELETE /connectors/:connector/offsets',
    ])
  })

  it('counts for every route that the router has', () => {
    const { service } = createRestClient()
    const app = createRestApp({
      service,
      leadership: { leader: () => ({ kind: 'self' }) },
      forwarding: { send: () => Promise.reject(new Error('unused')), tokens: undefined },
      authenticator: createAuthenticator(list, createManualClock()),
      guard: { hosts: [], origins: [] },
      audit: () => {},
      clock: createManualClock(),
      logger: {
        trace() {},
        debug() {},
        info() {},
        warn() {},
        error() {},
        child: () => {
          throw new Error('unused')
        },
      },
      signal: new AbortController().signal,
    })
    const known = new Set(routes.map(({ method, path }) => `${method} ${path}`))
    const served = app.routes.filter(({ method }) => method !== 'ALL').map(({ method, path }) => `${method} ${path}`)
    expect(new Set(served)).toEqual(known)
    expect(known.size).toBe(routes.length)
  })
})
