import { createHash, createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener, Server } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/async/system-clock.ts'
import type { AwsApi } from '../../src/aws/aws.ts'
import { createCredentialsCache } from '../../src/aws/credentials.ts'
import { createAwsApi } from '../../src/aws/signed-request.ts'
import type { AwsApiOptions } from '../../src/aws/signed-request.ts'
import { createManualClock } from '../servers/stream-simulator/manual-clock.ts'
import { connectTo, sourceOver } from '../servers/stream-simulator/simulator-client.ts'
import { startStreamSimulator } from '../servers/stream-simulator/stream-simulator.ts'

const never = new AbortController().signal
const listTables = { service: 'dynamodb', action: 'ListTables', body: { Limit: 3 } } as const

const stack: (() => PromiseLike<void> | void)[] = []
afterEach(async () => {
  for (const stop of stack.splice(0).reverse()) await stop()
})

async function serve(listener: RequestListener): Promise<{ readonly endpoint: string; readonly server: Server }> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  stack.push(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { endpoint: `http://127.0.0.1:${address.port}`, server }
}

function connect(endpoint: string, options?: Partial<AwsApiOptions>): AwsApi {
  const api = connectTo(endpoint, options)
  stack.push(() => api[Symbol.asyncDispose]())
  return api
}

/** Signature Version 4 by its specification, from what arrived. */
function expectedSignature(request: IncomingMessage, body: string, secret: string): string {
  const header = (name: string): string => String(request.headers[name] ?? '')
  const [, scope = '', signedHeaders = ''] =
    /Credential=[^/]+\/([^,]+), SignedHeaders=([^,]+)/.exec(header('authorization')) ?? []
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
  const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()
  const headers = signedHeaders.split(';').map((name) => `${name}:${header(name)}\n`)
  const canonical = ['POST', request.url, '', headers.join(''), signedHeaders, sha256(body)].join('\n')
  const toSign = ['AWS4-HMAC-SHA256', header('x-amz-date'), scope, sha256(canonical)].join('\n')
  const key = scope.split('/').reduce<Buffer | string>((key, part) => hmac(key, part), `AWS4${secret}`)
  return hmac(key, toSign).toString('hex')
}

describe('a request', () => {
  it.each(['dynamodb', 'streams', 'kinesis', 'glue'] as const)('to %s is signed as AWS expects', async (service) => {
    const seen: { headers: IncomingMessage['headers']; expected: string }[] = []
    const { endpoint } = await serve((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString()
        seen.push({ headers: request.headers, expected: expectedSignature(request, body, 'wJalrXUtnFEMI') })
        response.end('{}')
      })
    })
    const credentials = createCredentialsCache({
      clock: systemClock,
      load: () => Promise.resolve({ accessKeyId: 'AKID', secretAccessKey: 'wJalrXUtnFEMI', sessionToken: 'token==' }),
    })
    const api = connect(endpoint, { credentials, overrides: { [service]: `${endpoint}/some/path` } })
    await api.call({ service, action: 'Anything', body: { text: 'ünïcode' } }, never)
    const { headers, expected } = seen[0] ?? { headers: {}, expected: '' }
    expect(headers.authorization).toContain(`Signature=${expected}`)
    expect(headers.authorization).toMatch(
      /SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target/,
    )
    expect(headers['x-amz-security-token']).toBe('token==')
    const targets = {
      dynamodb: ['DynamoDB_20120810', 'dynamodb'],
      streams: ['DynamoDBStreams_20120810', 'dynamodb'],
      kinesis: ['Kinesis_20131202', 'kinesis'],
      glue: ['AWSGlue', 'glue'],
    }
    const [target, name] = targets[service]
    expect(headers['x-amz-target']).toBe(`${target}.Anything`)
    expect(headers.authorization).toContain(`/${name}/aws4_request`)
  })

  it('shares a bounded number of kept connections', async () => {
    const sockets = new Set<unknown>()
    const { endpoint, server } = await serve((_request, response) => void setTimeout(() => response.end('{}'), 2))
    server.on('connection', (socket) => sockets.add(socket))
    const api = connect(endpoint, { limits: { maxConnections: 5 } })
    await Promise.all(Array.from({ length: 200 }, () => api.call(listTables, never)))
    expect(sockets.size).toBe(5)
  })

  it('ends at once when told to stop, also while it waits for a connection', async () => {
    const { endpoint } = await serve(() => {})
    const api = connect(endpoint, { limits: { maxConnections: 1 } })
    const stop = new AbortController()
    const calls = [1, 2, 3].map(() => api.call(listTables, stop.signal))
    setTimeout(() => stop.abort(new Error('stopped')), 30)
    const results = await Promise.allSettled(calls)
    expect(results.map((result) => (result.status === 'rejected' ? String(result.reason) : 'answered'))).toEqual([
      'Error: stopped',
      'Error: stopped',
      'Error: stopped',
    ])
  })

  it('gives its connection back after a stop', async () => {
    let isSilent = true
    const { endpoint } = await serve((_request, response) => void (isSilent || response.end('{}')))
    const api = connect(endpoint, { limits: { maxConnections: 1 } })
    const stop = new AbortController()
    const call = api.call(listTables, stop.signal)
    setTimeout(() => stop.abort(new Error('stopped')), 30)
    await expect(call).rejects.toThrow('stopped')
    isSilent = false
    expect(await api.call(listTables, never)).toEqual({})
  })
})

describe('a service that does not answer', () => {
  it('refuses connections', async () => {
    const { endpoint, server } = await serve(() => {})
    server.close()
    await expect(connect(endpoint).call(listTables, never)).rejects.toMatchObject({
      code: 'AWS_UNREACHABLE',
      message: expect.stringMatching(/^ListTables at 127\.0\.0\.1:\d+: no answer \(ECONNREFUSED\)$/),
    })
  })

  it('never begins', async () => {
    const { endpoint } = await serve(() => {})
    const api = connect(endpoint, { limits: { headersTimeoutMs: 300 } })
    await expect(api.call(listTables, never)).rejects.toMatchObject({ code: 'AWS_UNREACHABLE' })
  })

  it('never ends, dripping a byte now and then', async () => {
    const { endpoint } = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': 1_000 })
      const drip = setInterval(() => response.write(' '), 20)
      response.on('close', () => clearInterval(drip))
    })
    const api = connect(endpoint, { limits: { requestTimeoutMs: 300 } })
    await expect(api.call(listTables, never)).rejects.toMatchObject({ code: 'AWS_UNREACHABLE' })
  })

  it('answers without end', async () => {
    const { endpoint } = await serve((_request, response) => {
      response.writeHead(200)
      const pour = (): void => void (response.destroyed || response.write(Buffer.alloc(65_536, 32), pour))
      pour()
    })
    const api = connect(endpoint, { limits: { maxAnswerBytes: 1_000_000 } })
    await expect(api.call(listTables, never)).rejects.toMatchObject({ code: 'AWS_RESPONSE' })
  })
})

it('no error shows what the answer held, or a secret', async () => {
  const canary = 'canary-4711'
  const { endpoint } = await serve((request, response) => {
    const isJson = request.headers['x-amz-target']?.includes('ListTables')
    response.end(isJson ? `{"Item":{"S":"${canary}"` : canary)
  })
  const credentials = createCredentialsCache({
    clock: systemClock,
    load: () => Promise.resolve({ accessKeyId: 'AKID', secretAccessKey: canary, sessionToken: canary }),
  })
  const api = connect(endpoint, { credentials })
  for (const action of ['ListTables', 'Other']) {
    const error: unknown = await api
      .call({ service: 'dynamodb', action, body: {} }, never)
      .catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'AWS_RESPONSE' })
    expect(JSON.stringify([String(error), error, error instanceof Error ? String(error.cause) : ''])).not.toContain(
      canary,
    )
  }
})

describe('credentials and clocks that are wrong', () => {
  it('expired credentials are replaced in the middle of reading, and nothing is lost', async () => {
    const clock = createManualClock()
    const simulator = await startStreamSimulator({ clock })
    stack.push(() => simulator.stop())
    const table = simulator.createTable({
      name: 'orders',
      keySchema: [{ name: 'id', type: 'S' }],
      viewType: 'NEW_IMAGE',
    })
    for (let i = 0; i < 300; i++) table.put({ id: { S: `${i}` } })
    simulator.settings.pageRecords = 10
    let valid = 'key-1'
    let loads = 0
    simulator.faults.add({
      action: '*',
      fault: { kind: 'error', statusCode: 400, type: 'ExpiredTokenException' },
      when: ({ accessKeyId }) => accessKeyId !== valid,
    })
    const credentials = createCredentialsCache({
      clock,
      load: () => Promise.resolve({ accessKeyId: `key-${++loads}`, secretAccessKey: 'x' }),
    })
    const api = connect(simulator.endpoint, { credentials })
    const { source, events } = sourceOver(api, clock)
    const reader = source.openShard({
      streamArn: table.stream.arn,
      shardId: table.stream.shards[0]?.shardId ?? '',
      after: undefined,
    })
    let records = 0
    for (let page = 0; records < 300; page++) {
      records += (await reader.read(never)).records.length
      clock.advance(10_000)
      if (page === 5) valid = 'key-2'
      if (page === 20) valid = 'key-3'
    }
    expect(records).toBe(300)
    expect(loads).toBe(3)
    expect(events.map((event) => (event.kind === 'retried' ? event.code : event.kind))).toEqual([
      'AWS_CREDENTIALS',
      'AWS_CREDENTIALS',
    ])
  })

  it.each([3_600_000, -3_600_000])('a clock that is %i ms wrong is corrected by the answer', async (skewMs) => {
    const simulator = await startStreamSimulator()
    stack.push(() => simulator.stop())
    simulator.settings.maxSkewMs = 300_000
    const clock = { ...systemClock, now: () => Date.now() + skewMs }
    const api = connect(simulator.endpoint, { clock })
    for (let i = 0; i < 3; i++) expect(await api.call(listTables, never)).toEqual({ TableNames: [] })
    expect(simulator.requests.get('ListTables')).toBe(4)
  })

  it('a clock that jumps back again is corrected again', async () => {
    const simulator = await startStreamSimulator()
    stack.push(() => simulator.stop())
    simulator.settings.maxSkewMs = 300_000
    let skewMs = 3_600_000
    const api = connect(simulator.endpoint, { clock: { ...systemClock, now: () => Date.now() + skewMs } })
    await api.call(listTables, never)
    skewMs = 0
    expect(await api.call(listTables, never)).toEqual({ TableNames: [] })
  })

  it('no credentials at all is said in words', async () => {
    const credentials = createCredentialsCache({ clock: systemClock, load: () => Promise.reject(new Error('none')) })
    const api = createAwsApi({ clock: systemClock, region: 'eu-central-1', credentials })
    stack.push(() => api[Symbol.asyncDispose]())
    await expect(api.call(listTables, never)).rejects.toMatchObject({ code: 'AWS_CREDENTIALS' })
  })
})
