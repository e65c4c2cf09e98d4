import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createMemoryConnectService } from '../../../../test/fixtures/memory-connect-service.ts'
import { silentLogger } from '../../../observe/logger.ts'
import { createManualClock } from '../../../testing/manual-clock.ts'
import { parseAccessList } from '../access/access-list.ts'
import type { AuditEntry } from '../access/audit-log.ts'
import { createAuthenticator, openAccess } from '../access/authenticator.ts'
import { readinessOf } from '../health-check.ts'
import type { HealthCheck } from '../health-check.ts'
import { lagBoundMs } from '../lag-watch.ts'
import { createRestApp } from './create-rest-app.ts'

const list = parseAccessList(`token viewer v sha256:${createHash('sha256').update('secret').digest('hex')}`, 'access')
const check: HealthCheck = { name: 'tables', status: 'warn', message: 'table orders stopped' }

function app(options: { isOpen?: boolean; lagMs?: number; checks?: readonly HealthCheck[] } = {}) {
  const clock = createManualClock()
  const audit: AuditEntry[] = []
  const made = createRestApp({
    service: createMemoryConnectService(),
    leadership: { leader: () => ({ kind: 'self' }) },
    forwarding: { send: () => Promise.reject(new Error('unused')), tokens: undefined },
    authenticator: options.isOpen === true ? openAccess : createAuthenticator(list, clock),
    guard: { hosts: ['localhost'], origins: [] },
    audit: (entry) => void audit.push(entry),
    clock,
    logger: silentLogger,
    signal: new AbortController().signal,
    monitoring: {
      metrics: () => Promise.resolve({ contentType: 'text/plain; version=0.0.4', body: 'tailrace_x 1\n' }),
      readiness: () => readinessOf(options.checks ?? [check]),
      lagMs: () => options.lagMs ?? 0,
    },
  })
  const get = async (path: string, headers: Record<string, string> = {}, method = 'GET') => {
    const request = new Request(`http://localhost${path}`, { method, headers: { host: 'localhost', ...headers } })
    const answer = await made.fetch(request, { address: '127.0.0.1', subject: undefined })
    return { status: answer.status, type: answer.headers.get('content-type'), body: await answer.text() }
  }
  return { get, audit }
}

const bearer = { authorization: 'Bearer secret' }

describe('monitoring beside the REST API', () => {
  it('shows metrics to viewers only, in their own form', async () => {
    const { get, audit } = app()
    expect(await get('/metrics', { ...bearer, accept: 'text/plain' })).toEqual({
      status: 200,
      type: 'text/plain; version=0.0.4',
      body: 'tailrace_x 1\n',
    })
    expect(await get('/metrics')).toMatchObject({ status: 401 })
    expect(await get('/metrics', { ...bearer, host: 'evil.example' })).toMatchObject({ status: 403 })
    expect(audit).toHaveLength(1)
    expect(await app({ isOpen: true }).get('/metrics')).toMatchObject({ status: 200 })
  })

  it('answers probes of anyone, and tells words to viewers', async () => {
    const { get, audit } = app()
    expect(await get('/livez', { host: '10.1.2.3:8083' })).toMatchObject({ status: 200, body: 'ok\n' })
    const brief = await get('/readyz', { host: '10.1.2.3:8083' })
    expect(JSON.parse(brief.body)).toEqual({ status: 'ready', checks: [{ name: 'tables', status: 'warn' }] })
    expect(JSON.parse((await get('/readyz', bearer)).body)).toEqual({ status: 'ready', checks: [check] })
    expect(audit).toEqual([])
  })

  it('is not live while the event loop is late, and not ready while a check fails', async () => {
    expect(await app({ lagMs: lagBoundMs }).get('/livez')).toMatchObject({ status: 200 })
    expect(await app({ lagMs: lagBoundMs + 1 }).get('/livez')).toMatchObject({ status: 503 })
    const failing = app({ checks: [check, { name: 'membership', status: 'fail', message: 'not yet' }] })
    expect(await failing.get('/readyz')).toMatchObject({ status: 503, type: 'application/json' })
  })

  it('is only read', async () => {
    expect(await app().get('/metrics', bearer, 'POST')).toMatchObject({ status: 404 })
  })
})
