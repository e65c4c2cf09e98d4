import { describe, expect, it } from 'vitest'
import { createRestClient } from '../../../../test/fixtures/rest-client.ts'
import { isLoopback, refusedRequest } from './request-guard.ts'

const guard = { hosts: ['tailrace.example.com'], origins: ['https://console.example.com'] }
const refused = (headers: Readonly<Record<string, string>>): string | undefined =>
  refusedRequest(new Headers(headers), guard)

describe('hosts', () => {
  it.each([
    'localhost',
    'localhost:8083',
    '127.0.0.1:8083',
    '[::1]:8083',
    '10.1.2.3',
    'tailrace.example.com:8083',
    'TAILRACE.example.com',
    'tailrace.example.com.',
  ])('takes %s', (host) => expect(refused({ host })).toBeUndefined())
  it.each([
    'evil.example.com',
    'localhost.evil.com',
    '127.0.0.1.evil.com',
    'evil.com@localhost',
    'localhost/x',
    '',
    'a b',
    'tailrace.example.com.evil.com',
  ])('refuses %j', (host) => expect(refused({ host })).toContain('Host'))
})

describe('pages', () => {
  const host = 'localhost:8083'
  it.each([
    ['no page', {}],
    ['its own', { origin: 'http://localhost:8083' }],
    ['one that is allowed', { origin: 'https://console.example.com', 'sec-fetch-site': 'cross-site' }],
    ['one that was typed in', { 'sec-fetch-site': 'none' }],
  ])('takes %s', (_, headers) => expect(refused({ host, ...headers })).toBeUndefined())
  it.each([
    ['another site', { origin: 'https://evil.example.com' }],
    ['another port', { origin: 'http://localhost:3000' }],
    ['an origin that is none', { origin: 'null' }],
    ['an image of another site', { 'sec-fetch-site': 'cross-site' }],
    ['a neighbour', { 'sec-fetch-site': 'same-site' }],
  ])('refuses %s', (_, headers) => expect(refused({ host, ...headers })).toContain('pages of other'))

  it.each(['POST', 'PUT', 'DELETE', 'GET', 'OPTIONS'])(
    'of other sites reach nothing by %s, and it is in the audit log',
    async (method) => {
      const { call, service, audit } = createRestClient()
      const answer = await call(method, '/connectors', { headers: { origin: 'https://evil.example.com' } })
      expect(answer).toMatchObject({ status: 403, body: { error_code: 403 } })
      expect(service.asked).toEqual([])
      expect(audit).toEqual([expect.objectContaining({ status: 403, principal: undefined })])
    },
  )
})

describe('loopback', () => {
  it.each(['127.0.0.1', '127.9.9.9', 'localhost', '::1', '[::1]'])('is %s', (host) =>
    expect(isLoopback(host)).toBe(true),
  )
  it.each(['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.evil.com', 'tailrace', ''])('is not %j', (host) =>
    expect(isLoopback(host)).toBe(false),
  )
})
