import { expect, inject, test } from 'vitest'
import { systemClock as clock } from '../../src/async/system-clock.ts'
import { systemRng as rng } from '../../src/async/system-rng.ts'
import { awsErrors } from '../faults/aws-errors.ts'
import { startFaultProxy } from '../faults/fault-proxy.ts'
import type { Toxic } from '../faults/toxic.ts'
import { connectTo } from '../servers/stream-simulator/simulator-client.ts'

const { signal } = new AbortController()
const { hostname: host, port } = new URL(inject('dynamodb').endpoint)
const upstream = { host, port: Number(port) }
const listTables = { service: 'dynamodb', action: 'ListTables', body: { Limit: 3 } } as const
const listStreams = { service: 'streams', action: 'ListStreams', body: {} } as const

test.each<[string, Toxic, unknown]>([
  ['a wrong checksum', { kind: 'wrong-crc32' }, { message: expect.stringContaining('wrong checksum') as string }],
  ['half of the text', { kind: 'truncate-body' }, { message: expect.stringContaining('wrong checksum') as string }],
  ['a text that breaks off', { kind: 'truncate-body', bytes: 4, as: 'cut-off' }, { code: 'AWS_RESPONSE' }],
  ['throttling', awsErrors.throttled, { code: 'AWS_THROTTLED' }],
  ['an error of the service', awsErrors.internalServerError, { code: 'AWS_UNREACHABLE' }],
  ['a missing permission', awsErrors.accessDenied, { code: 'AWS_ACCESS_DENIED' }],
])('%s in front of DynamoDB Local fails that request alone', async (_, toxic, failure) => {
  await using proxy = await startFaultProxy({ upstream, protocol: 'http', clock, rng })
  await using api = connectTo(`http://${proxy.address}`)
  const before = await api.call(listTables, signal)
  proxy.add({ ...toxic, action: 'ListTables', count: 1 } as Toxic)
  expect(await api.call(listStreams, signal)).toHaveProperty('Streams')
  await expect(api.call(listTables, signal)).rejects.toMatchObject(failure as object)
  expect(await api.call(listTables, signal)).toEqual(before)
  expect(proxy.struck).toEqual(new Map([[toxic.kind, 1]]))
  expect(proxy.errors).toEqual([])
})

test('a slow answer in small pieces is a whole answer', async () => {
  await using proxy = await startFaultProxy({ upstream, protocol: 'http', clock, rng })
  await using api = connectTo(`http://${proxy.address}`)
  const before = await api.call(listTables, signal)
  proxy.add({ kind: 'slow-body', pieces: 6, betweenMs: 10 })
  proxy.add({ kind: 'slicer', minBytes: 1, maxBytes: 9 })
  const since = clock.monotonic()
  expect(await api.call(listTables, signal)).toEqual(before)
  expect(clock.monotonic() - since).toBeGreaterThan(50)
})
