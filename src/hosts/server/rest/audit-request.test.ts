import { describe, expect, it } from 'vitest'
import { createRestClient } from '../../../../test/fixtures/rest-client.ts'
import { createManualClock } from '../../../testing/manual-clock.ts'
import { createForwardTokens } from './forward-token.ts'

const config = { 'connector.class': 'TailraceSource' }
const level = { body: { level: 'DEBUG' } }

describe('the audit line of a request', () => {
  it.each([
    ['POST', '/connectors', { body: { name: ' shop ', config } }, { connector: 'shop', status: 201 }],
    ['POST', '/connectors', { body: { name: 'x'.repeat(300), config } }, { connector: `${'x'.repeat(117)}...` }],
    ['POST', '/connectors', { body: { name: 7, config } }, { connector: '7', status: 201 }],
    ['POST', '/connectors', { body: { config } }, { connector: undefined, status: 400 }],
    ['POST', '/connectors', { body: '[' }, { connector: undefined, status: 400 }],
    ['PUT', '/connectors/shop/config', { body: { ...config, name: 'other' } }, { connector: 'shop', status: 400 }],
    ['PUT', '/connectors/shop/tables/or%0Aders/pause', {}, { connector: 'shop', table: 'or?ders' }],
    ['POST', '/connectors/shop/tasks/3/restart', {}, { connector: 'shop', task: '3', table: undefined }],
    ['PUT', '/admin/loggers/tailrace.kafka', level, { connector: undefined, logger: 'tailrace.kafka' }],
  ])('%s %s says what it was about', async (method, path, sent, expected) => {
    const { call, audit } = createRestClient()
    await call(method, path, sent)
    expect(audit).toEqual([expect.objectContaining({ method, ...expected })])
  })

  it('is also of what was handed on', async () => {
    const { call, audit } = createRestClient({
      leadership: { leader: () => ({ kind: 'other', url: 'http://10.0.0.2:8083', process: 'second' }) },
    })
    await call('POST', '/connectors', { body: { name: 'shop', config } })
    expect(audit).toEqual([expect.objectContaining({ connector: 'shop', status: 200, isForwarded: false })])
  })

  it('says that another process asked only if that is believed, or nobody is asked who it is', async () => {
    const tokens = createForwardTokens({ key: Buffer.alloc(32, 7), self: 'first', clock: createManualClock() })
    const forwarding = { tokens, send: () => Promise.reject(new Error('unused')) }
    const [asked, open] = [createRestClient({ forwarding }), createRestClient()]
    const headers = { 'x-tailrace-forwarded': '1', 'x-tailrace-forward-token': 'v1.forged.x' }
    for (const { call } of [asked, open]) await call('PUT', '/connectors/a/stop', { headers })
    expect([asked.audit, open.audit].map((lines) => lines.map(({ isForwarded }) => isForwarded))).toEqual([
      [false],
      [true],
    ])
  })
})
