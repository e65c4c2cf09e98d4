import { describe, expect, it } from 'vitest'
import { answerWith, startRegistryDouble } from '../../test/servers/registry-double.ts'
import type { RegistryDouble, RegistryFault } from '../../test/servers/registry-double.ts'
import { createManualClock } from '../../test/servers/stream-simulator/manual-clock.ts'
import type { Clock } from '../async/clock.ts'
import { seededRng } from '../async/rng.ts'
import { systemClock } from '../async/system-clock.ts'
import { openSchemaRegistry } from './open-schema-registry.ts'
import type { RegistryAuthorization, RegistryOptions } from './registry-options.ts'
import type { RegistryWait, SchemaRegistry, SchemaText } from './schema-registry.ts'

const never = new AbortController().signal
const deadlineMs = 1_000_000
const record: SchemaText = {
  type: 'AVRO',
  text: '{"type":"record","name":"R","fields":[{"name":"id","type":"string"}]}',
}
const wider: SchemaText = { type: 'AVRO', text: record.text.replace('"string"', '["null","string"]') }
const nobody: RegistryAuthorization = { header: () => Promise.resolve(undefined), refused: () => false }

interface Setup extends AsyncDisposable {
  readonly double: RegistryDouble
  readonly registry: SchemaRegistry
  readonly waits: readonly RegistryWait[]
  readonly pass: (ms: number) => Promise<void>
}

async function setUp(options: Partial<RegistryOptions> = {}, basePath = ''): Promise<Setup> {
  const double = await startRegistryDouble(basePath)
  const waits: RegistryWait[] = []
  // Waits between attempts are over at once; deadlines are never reached.
  const manual = createManualClock()
  const clock: Clock = {
    ...manual,
    sleep: (ms, signal) => (ms === deadlineMs ? new Promise(() => {}) : manual.sleep(ms, signal)),
  }
  const registry = openSchemaRegistry({
    clock,
    rng: seededRng(7),
    urls: [double.url],
    mode: 'register',
    comparesLatest: true,
    normalizes: false,
    context: undefined,
    authorization: nobody,
    requestTimeoutMs: deadlineMs,
    onWait: (wait) => void waits.push(wait),
    ...options,
  })
  return {
    double,
    registry,
    waits,
    pass: (ms) => manual.sleep(ms),
    [Symbol.asyncDispose]: async () => {
      await registry.close()
      await double[Symbol.asyncDispose]()
    },
  }
}

describe('resolve', () => {
  it('registers once for however many ask at the same time, and never again', async () => {
    await using setup = await setUp()
    const { registry, double } = setup
    expect(registry.known('a-value', record)).toBeUndefined()
    const all = await Promise.all(
      Array.from({ length: 50 }, (_, at) => registry.resolve('a-value', at % 2 === 0 ? record : { ...record }, never)),
    )
    expect(new Set(all.map(({ id }) => id))).toEqual(new Set([1]))
    await registry.resolve('a-value', { ...record }, never)
    expect(double.calls).toHaveLength(1)
    expect(registry.known('a-value', record)).toEqual({ ...record, id: 1, guid: undefined, version: undefined })
    expect(registry.known('b-value', record)).toBeUndefined()
    expect(double.calls[0]).toMatchObject({
      method: 'POST',
      url: '/subjects/a-value/versions',
      headers: {
        accept: 'application/vnd.schemaregistry.v1+json, application/json',
        'content-type': 'application/vnd.schemaregistry.v1+json',
      },
    })
    expect(JSON.parse(double.calls[0]?.body ?? '')).toEqual({ schemaType: 'AVRO', schema: record.text })
  })

  it('keeps subjects, schemas and references apart', async () => {
    await using setup = await setUp()
    const { registry, double } = setup
    const references = [{ name: 'Other', subject: 'other-value', version: 2 }]
    await registry.resolve('a-value', record, never)
    await registry.resolve('b-value', record, never)
    await registry.resolve('a-value', wider, never)
    await registry.resolve('a-value', { ...record, references }, never)
    await registry.resolve('a-value', { ...record, type: 'JSON' }, never)
    expect(double.calls).toHaveLength(5)
    expect(JSON.parse(double.calls[3]?.body ?? '')).toEqual({ schemaType: 'AVRO', schema: record.text, references })
  })

  it('speaks to a base URL with a path, in a context, and asks for normal forms', async () => {
    await using setup = await setUp({ context: 'shop', normalizes: true }, '/apis/ccompat/v7')
    const { registry, double } = setup
    const { id } = await registry.resolve('a/b-value', record, never)
    await registry.byId(id, undefined, never)
    await registry.latest('a/b-value', never)
    expect(double.calls.map(({ url }) => url)).toEqual([
      '/apis/ccompat/v7/subjects/%3A.shop%3Aa%2Fb-value/versions?normalize=true',
      '/apis/ccompat/v7/schemas/ids/1?subject=%3A.shop%3A',
      '/apis/ccompat/v7/subjects/%3A.shop%3Aa%2Fb-value/versions/latest',
    ])
  })

  it('takes over guid and version where the registry gives them', async () => {
    await using setup = await setUp()
    setup.double.fail(answerWith(200, { id: 7, version: 3, guid: '89791762-2336-4186-9674-299B90A802E2' }))
    expect(await setup.registry.resolve('a-value', record, never)).toEqual({
      ...record,
      id: 7,
      version: 3,
      guid: '89791762-2336-4186-9674-299b90a802e2',
    })
  })

  it('looks up without registering', async () => {
    await using setup = await setUp({ mode: 'look-up' })
    const { registry, double } = setup
    await expect(registry.resolve('a-value', record, never)).rejects.toMatchObject({
      code: 'SCHEMA_NOT_FOUND',
      details: { status: 404, registryCode: 40401 },
    })
    expect(double.calls.map(({ method, url }) => `${method} ${url}`)).toEqual(['POST /subjects/a-value'])
  })

  it('looks the latest up and compares it, or believes it', async () => {
    await using strict = await setUp({ mode: 'latest' })
    const documented = record.text.replace('"fields"', '"doc":"an order","fields"')
    strict.double.fail(answerWith(200, { id: 4, version: 2, subject: 'a-value', schema: documented }))
    const latest = { type: 'AVRO', text: documented, id: 4, version: 2, guid: undefined }
    expect(await strict.registry.resolve('a-value', record, never)).toEqual(latest)
    expect(strict.registry.known('a-value', record)).toEqual(latest)
    strict.double.fail(answerWith(200, { id: 5, version: 3, schema: wider.text }))
    await expect(strict.registry.resolve('b-value', record, never)).rejects.toMatchObject({
      code: 'SCHEMA_INCOMPATIBLE',
      message: 'the latest schema of b-value, version 3, does not encode records as they are written',
    })

    await using lax = await setUp({ mode: 'latest', comparesLatest: false })
    lax.double.fail(answerWith(200, { id: 5, version: 3, schema: wider.text }))
    expect((await lax.registry.resolve('b-value', record, never)).text).toBe(wider.text)
    lax.double.fail(answerWith(200, { id: 6, schemaType: 'JSON', schema: '{}' }))
    await expect(lax.registry.resolve('c-value', record, never)).rejects.toMatchObject({ code: 'SCHEMA_INCOMPATIBLE' })
  })
})

describe('a refusal', () => {
  it.each([
    [401, { error_code: 40101, message: 'User cannot access the resource.' }, 'SCHEMA_REGISTRY_AUTHORIZATION'],
    [403, 'no', 'SCHEMA_REGISTRY_AUTHORIZATION'],
    [404, { error_code: 40403, message: 'Schema not found' }, 'SCHEMA_NOT_FOUND'],
    [409, { error_code: 409, message: 'incompatible' }, 'SCHEMA_INCOMPATIBLE'],
    [413, '<html>', 'SCHEMA_INVALID'],
    [422, { error_code: 42201, message: 'invalid' }, 'SCHEMA_INVALID'],
    [400, { error_code: 400, message: 'bad' }, 'SCHEMA_INVALID'],
  ])('of status %i comes at once, without another attempt', async (status, body, code) => {
    await using setup = await setUp()
    setup.double.fail(answerWith(status, body))
    await expect(setup.registry.resolve('a-value', record, never)).rejects.toMatchObject({ code, policy: 'stop-table' })
    expect(setup.double.calls).toHaveLength(1)
    expect(setup.waits).toEqual([])
  })

  it.each([
    ['Basic', `Basic ${Buffer.from('ops:a canary').toString('base64')}`],
    ['Bearer', 'Bearer canary-token'],
  ])('does not repeat what it was sent as %s, wherever the registry says it', async (_, header) => {
    const authorization = { header: () => Promise.resolve(header), refused: () => false }
    await using setup = await setUp({ authorization })
    const around = 'x'.repeat(560)
    setup.double.fail(answerWith(422, { message: `ops: 'a canary' is not canary-token, ${around} sent ${header}` }))
    const error: unknown = await setup.registry.resolve('a-value', record, never).catch((thrown: unknown) => thrown)
    expect(String(error)).toContain('[hidden]')
    expect(String(error)).not.toContain(header.slice(-12))
    expect(String(error)).not.toContain(header.startsWith('Basic') ? 'a canary' : 'canary-token')
  })

  it('is remembered for half a minute, and then asked for again', async () => {
    await using setup = await setUp()
    const { registry, double, pass } = setup
    double.fail(answerWith(409, { error_code: 409, message: 'incompatible' }))
    const refused = await Promise.allSettled([1, 2, 3].map(() => registry.resolve('a-value', record, never)))
    expect(refused.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    await pass(29_999)
    await expect(registry.resolve('a-value', { ...record }, never)).rejects.toMatchObject({
      code: 'SCHEMA_INCOMPATIBLE',
    })
    expect(double.calls).toHaveLength(1)
    await registry.resolve('a-value', wider, never)
    await pass(1)
    expect((await registry.resolve('a-value', record, never)).id).toBe(2)
  })

  it("keeps the registry's words, in one line and cut, and says where and what", async () => {
    await using setup = await setUp()
    setup.double.fail(answerWith(409, { error_code: 409, message: `first\n\u0007second ${'x'.repeat(5000)}` }))
    const error: unknown = await setup.registry.resolve('a-value', record, never).catch((thrown: unknown) => thrown)
    const { message } = error as Error
    expect(message).toMatch(/^the schema registry at 127\.0\.0\.1:\d+, register a-value: status 409, first second x+…$/)
    expect(message.length).toBeLessThan(750)
  })
})

describe('a registry that is away or not itself', () => {
  const cut: RegistryFault = (response) => {
    response.writeHead(200, { 'content-length': 100 })
    response.write('{"id"', () => response.destroy())
  }
  it.each<[string, RegistryFault, string]>([
    ['a server error', answerWith(500, { error_code: 50001, message: 'store' }), 'SCHEMA_REGISTRY_UNREACHABLE'],
    ['a server error of a proxy', answerWith(502, '<html>'), 'SCHEMA_REGISTRY_UNREACHABLE'],
    ['too many requests', answerWith(429, ''), 'SCHEMA_REGISTRY_UNREACHABLE'],
    ['a request time-out', answerWith(408, ''), 'SCHEMA_REGISTRY_UNREACHABLE'],
    ['a connection that breaks', (response) => void response.destroy(), 'SCHEMA_REGISTRY_UNREACHABLE'],
    ['a cut answer', cut, 'SCHEMA_REGISTRY_UNREACHABLE'],
    ['a page', answerWith(200, '<html>Maintenance</html>'), 'SCHEMA_REGISTRY_RESPONSE'],
    ['an answer without an id', answerWith(200, { schema: 'x' }), 'SCHEMA_REGISTRY_RESPONSE'],
    ['an id that fits no record', answerWith(200, { id: 2 ** 31 }), 'SCHEMA_REGISTRY_RESPONSE'],
    ['a list', answerWith(200, []), 'SCHEMA_REGISTRY_RESPONSE'],
    ['a huge answer', answerWith(200, `{"id":1,"x":"${'y'.repeat(9 * 2 ** 20)}"}`), 'SCHEMA_REGISTRY_RESPONSE'],
    ['a path that is not there', answerWith(404, { error_code: 404, message: 'HTTP 404' }), 'SCHEMA_REGISTRY_RESPONSE'],
    ['a path of somebody else', answerWith(404, 'default backend'), 'SCHEMA_REGISTRY_RESPONSE'],
    ['a redirection', answerWith(301, '', { location: 'http://127.0.0.1:1/' }), 'SCHEMA_REGISTRY_RESPONSE'],
  ])('is waited for: %s', async (_, fault, code) => {
    await using setup = await setUp()
    setup.double.fail(fault, fault)
    expect((await setup.registry.resolve('a-value', record, never)).id).toBe(1)
    expect(setup.waits.map(({ action, subject, attempt }) => ({ action, subject, attempt }))).toEqual([
      { action: 'register', subject: 'a-value', attempt: 0 },
      { action: 'register', subject: 'a-value', attempt: 1 },
    ])
    expect(setup.waits.map(({ error }) => error.code)).toEqual([code, code])
    expect(setup.double.calls).toHaveLength(3)
  })

  it('is asked after the time that it names, which is bounded', async () => {
    await using setup = await setUp()
    const busy = (after: string): RegistryFault => answerWith(429, '', { 'retry-after': after })
    setup.double.fail(busy('7'), busy('100000'), busy(new Date(1_800_000_000_000 + 80_000).toUTCString()), busy('soon'))
    await setup.registry.resolve('a-value', record, never)
    const [seconds, bounded, date, nonsense] = setup.waits.map(({ delayMs }) => delayMs)
    expect(seconds).toBe(7000)
    expect(bounded).toBe(60_000)
    expect(date).toBe(13_000)
    expect(nonsense).toBeLessThan(2000)
  })

  it('is left for the next URL, and not gone back to while that one answers', async () => {
    await using other = await startRegistryDouble()
    await using first = await startRegistryDouble()
    await using setup = await setUp({ urls: [first.url, other.url] })
    first.fail(answerWith(503, ''))
    await setup.registry.resolve('a-value', record, never)
    await setup.registry.resolve('b-value', record, never)
    expect([first.calls.length, other.calls.length, setup.waits.length]).toEqual([1, 2, 0])
    other.fail(answerWith(503, ''))
    await setup.registry.resolve('c-value', record, never)
    expect([first.calls.length, other.calls.length, setup.waits.length]).toEqual([2, 3, 0])
    other.fail(answerWith(503, ''))
    first.fail(answerWith(503, ''))
    await setup.registry.resolve('d-value', record, never)
    expect([first.calls.length, other.calls.length, setup.waits.length]).toEqual([4, 4, 1])
  })

  it('is no reason to wait for a check', async () => {
    await using setup = await setUp({ giveUpOn: ['SCHEMA_REGISTRY_UNREACHABLE'] })
    setup.double.fail(answerWith(503, ''))
    await expect(setup.registry.compatibility(never)).rejects.toMatchObject({ code: 'SCHEMA_REGISTRY_UNREACHABLE' })
    expect(await setup.registry.compatibility(never)).toBe('BACKWARD')
  })

  it('is given up in time when it accepts and then says nothing', async () => {
    const waits: RegistryWait[] = []
    await using setup = await setUp({
      clock: systemClock,
      requestTimeoutMs: 60,
      onWait: (wait) => void waits.push(wait),
    })
    let cut = 0
    const silent: RegistryFault = (response) => void response.once('close', () => (cut += 1))
    // Each byte is in time, the answer is not.
    const drip: RegistryFault = (response, call) => {
      silent(response, call)
      response.writeHead(200, { 'content-type': 'application/json' })
      const dripping = setInterval(() => response.write(' '), 20)
      response.once('close', () => clearInterval(dripping))
    }
    setup.double.fail(silent, drip)
    expect((await setup.registry.resolve('a-value', record, never)).id).toBe(1)
    await expect.poll(() => cut).toBe(2)
    expect(waits.map(({ error }) => error.code)).toEqual(['SCHEMA_REGISTRY_UNREACHABLE', 'SCHEMA_REGISTRY_UNREACHABLE'])
    expect(waits[0]?.error.message).toMatch(/^the schema registry at 127\.0\.0\.1:\d+ did not answer within 60 ms$/)
  })

  it('is not there at all: the message says where nobody listens', async () => {
    const gone = await startRegistryDouble()
    await gone[Symbol.asyncDispose]()
    await using setup = await setUp({ urls: [gone.url], giveUpOn: ['SCHEMA_REGISTRY_UNREACHABLE'] })
    await expect(setup.registry.compatibility(never)).rejects.toThrow(
      /^the schema registry at 127\.0\.0\.1:\d+ cannot be reached, or broke off \(ECONNREFUSED\)$/,
    )
  })
})

describe('stopping', () => {
  it('lets one leave without disturbing the others, and calls the request off behind the last', async () => {
    await using setup = await setUp()
    const { registry, double } = setup
    let closed = 0
    double.fail((response) => void response.once('close', () => (closed += 1)))
    const first = new AbortController()
    const second = new AbortController()
    const left = registry.resolve('a-value', record, first.signal)
    const stays = registry.resolve('a-value', record, second.signal)
    await expect.poll(() => double.calls.length).toBe(1)
    first.abort(new Error('first stops'))
    await expect(left).rejects.toThrow('first stops')
    expect(closed).toBe(0)
    second.abort(new Error('second stops'))
    await expect(stays).rejects.toThrow('second stops')
    await expect.poll(() => closed).toBe(1)
    expect((await registry.resolve('a-value', record, never)).id).toBe(1)
    await expect(registry.resolve('b-value', record, first.signal)).rejects.toThrow('first stops')
  })

  it('rejects those who wait when it is closed, and leaves no connection', async () => {
    await using setup = await setUp()
    let closed = 0
    setup.double.fail((response) => void response.once('close', () => (closed += 1)))
    const waiting = Promise.allSettled([setup.registry.resolve('a-value', record, never)])
    await expect.poll(() => setup.double.calls.length).toBe(1)
    await setup.registry.close()
    const [outcome] = await waiting
    expect(outcome.status === 'rejected' && String(outcome.reason)).toContain('was closed')
    await expect.poll(() => closed).toBe(1)
    await expect(setup.registry.resolve('b-value', record, never)).rejects.toThrow('was closed')
  })
})

describe('authorization', () => {
  it('is sent with the other headers, and renewed once when the registry refuses it', async () => {
    const tokens = ['Bearer old', 'Bearer new', 'Bearer newest']
    let at = 0
    const authorization: RegistryAuthorization = {
      header: () => Promise.resolve(tokens[at]),
      refused: (header) => {
        expect(header).toBe(tokens[at])
        at += 1
        return at < tokens.length
      },
    }
    await using setup = await setUp({ authorization, headers: { 'target-sr-cluster': 'lsrc-1' } })
    const denied = answerWith(401, { error_code: 401, message: 'Unauthorized' })
    setup.double.fail(denied)
    await setup.registry.resolve('a-value', record, never)
    expect(setup.double.calls.map(({ headers }) => headers.authorization)).toEqual(['Bearer old', 'Bearer new'])
    expect(setup.double.calls[0]?.headers['target-sr-cluster']).toBe('lsrc-1')
    setup.double.fail(denied, denied)
    const error: unknown = await setup.registry.resolve('b-value', record, never).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'SCHEMA_REGISTRY_AUTHORIZATION' })
    expect(String(error)).not.toContain('Bearer')
    expect(setup.double.calls).toHaveLength(4)
  })
})

describe('byId and latest', () => {
  it('read schemas of any kind, with references; ids are asked for once', async () => {
    await using setup = await setUp()
    const { registry, double } = setup
    const references = [{ name: 'o.proto', subject: 'o', version: 1 }]
    const proto: SchemaText = { type: 'PROTOBUF', text: 'syntax = "proto3"; message R {}', references }
    const { id } = await registry.resolve('p-value', proto, never)
    const all = await Promise.all([1, 2, 3].map(() => registry.byId(id, undefined, never)))
    expect(all[0]).toEqual({ ...proto, id, guid: undefined, version: undefined })
    await registry.byId(id, 'p-value', never)
    expect(double.calls).toHaveLength(2)
    expect(await registry.latest('p-value', never)).toEqual({ ...proto, id, guid: undefined, version: 1 })
    await registry.latest('p-value', never)
    expect(double.calls).toHaveLength(4)
    await expect(registry.byId(99, undefined, never)).rejects.toMatchObject({ code: 'SCHEMA_NOT_FOUND' })
    await expect(registry.latest('none', never)).rejects.toMatchObject({ code: 'SCHEMA_NOT_FOUND' })
  })

  it('refuse kinds of schemas that are none of ours', async () => {
    await using setup = await setUp()
    setup.double.fail(answerWith(200, { schemaType: 'XSD', schema: '<x/>' }))
    await expect(setup.registry.byId(1, undefined, never)).rejects.toMatchObject({ code: 'SCHEMA_INVALID' })
  })
})
