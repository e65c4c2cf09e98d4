import { describe, expect, it } from 'vitest'
import { createRestClient } from '../../../../test/fixtures/rest-client.ts'
import type { Answer } from '../../../../test/fixtures/rest-client.ts'

const listed = 'https://console.example.com'
const guard = { hosts: [], origins: [listed] }
const refusing = { authenticate: () => Promise.resolve({ status: 401, message: 'nobody' } as const) }

function allowed({ headers }: Answer): Readonly<Record<string, string>> {
  return Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-')))
}

function preflight(origin: string): Readonly<Record<string, string>> {
  return {
    origin,
    'access-control-request-method': 'PUT',
    'access-control-request-headers': 'authorization,content-type',
    'sec-fetch-site': 'cross-site',
  }
}

describe('a page of another origin', () => {
  it('that is listed may ask whatever it has credentials for', async () => {
    // No browser shows credentials when it asks whether it may.
    const { call, audit } = createRestClient({ guard, authenticator: refusing })
    const answer = await call('OPTIONS', '/connectors/a/config', { headers: preflight(listed) })
    expect(answer.status).toBe(204)
    expect(allowed(answer)).toEqual({
      'access-control-allow-origin': listed,
      'access-control-allow-methods': 'GET,HEAD,PUT,POST,PATCH,DELETE',
      'access-control-allow-headers': 'authorization,content-type',
      'access-control-expose-headers': 'location,retry-after',
      'access-control-max-age': '600',
    })
    expect(answer.headers.get('vary')?.toLowerCase()).toContain('origin')
    expect(audit).toEqual([])
  })

  it('that is listed may read the answers, refusals too', async () => {
    const sent = { headers: { origin: listed } }
    const told = { 'access-control-allow-origin': listed, 'access-control-expose-headers': 'location,retry-after' }
    const answer = await createRestClient({ guard }).call('GET', '/connectors', sent)
    expect([answer.status, allowed(answer)]).toEqual([200, told])
    expect(answer.headers.get('vary')?.toLowerCase()).toBe('origin')
    expect(answer.headers.get('content-type')).toBe('application/json')
    const refusal = await createRestClient({ guard, authenticator: refusing }).call('GET', '/connectors', sent)
    expect([refusal.status, allowed(refusal)]).toEqual([401, told])
  })

  it.each([
    ['is not listed', preflight('https://evil.example.com')],
    ['is listed, and calls by a foreign host', { ...preflight(listed), host: 'evil.example.com' }],
  ])('that %s is told nothing', async (_, headers) => {
    const { call, service } = createRestClient({ guard })
    for (const method of ['OPTIONS', 'GET']) {
      const answer = await call(method, '/connectors', { headers })
      expect([answer.status, allowed(answer)]).toEqual([403, {}])
    }
    expect(service.asked).toEqual([])
  })

  it('is none of the business of others', async () => {
    const { call } = createRestClient({ guard })
    const answer = await call('OPTIONS', '/connectors')
    expect([answer.status, answer.headers.get('allow'), allowed(answer)]).toEqual([200, 'GET, POST, HEAD, OPTIONS', {}])
    expect(allowed(await call('GET', '/connectors', { headers: { origin: 'http://localhost:8083' } }))).toEqual({})
  })
})
