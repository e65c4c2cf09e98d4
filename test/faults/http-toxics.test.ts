import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import { once } from 'node:events'
import { crc32 } from 'node:zlib'
import { Agent, request } from 'undici'
import { expect, test } from 'vitest'
import { seededRng } from '../../src/async/rng.ts'
import { systemClock as clock } from '../../src/async/system-clock.ts'
import { awsErrors } from './aws-errors.ts'
import { startFaultProxy } from './fault-proxy.ts'
import type { FaultProxy } from './fault-proxy.ts'
import { connectPeer } from './loopback-peers.ts'

const text = JSON.stringify({ Records: ['one', 'two', 'three'] })

/** Answers like a service of AWS, with a length or in chunks. */
function serviceAnswering(isChunked: boolean): RequestListener {
  return (incoming, response) => {
    incoming.resume()
    incoming.once('end', () => {
      response.setHeader('x-amz-crc32', String(crc32(text)))
      if (!isChunked) response.setHeader('content-length', Buffer.byteLength(text))
      response.write(text.slice(0, 10))
      response.end(text.slice(10))
    })
  }
}

/** A server of the test's own, a proxy in front of it, and a client that keeps its connection. */
interface Bench extends AsyncDisposable {
  readonly proxy: FaultProxy
  /** Requests that have reached the server. */
  readonly reached: readonly string[]
  post(action: string): Promise<Answer>
}

interface Answer {
  readonly status: number
  readonly body: string
  readonly crc32: number
  readonly type: string | string[] | undefined
}

async function bench(listener: RequestListener = serviceAnswering(false)): Promise<Bench> {
  await using stack = new AsyncDisposableStack()
  const reached: string[] = []
  const server = createServer((incoming, response) => {
    reached.push(String(incoming.headers['x-amz-target']))
    listener(incoming, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  stack.defer(async () => {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const upstream = { host: '127.0.0.1', port }
  const proxy = stack.use(await startFaultProxy({ upstream, protocol: 'http', clock, rng: seededRng(1) }))
  const agent = new Agent({ connections: 1 })
  stack.defer(() => agent.destroy())
  const post = async (action: string): Promise<Answer> => {
    const { statusCode, headers, body } = await request(`http://${proxy.address}/`, {
      dispatcher: agent,
      method: 'POST',
      headers: { 'x-amz-target': `DynamoDBStreams_20120810.${action}`, 'content-type': 'application/x-amz-json-1.0' },
      body: '{"Limit":3}',
    })
    const type = headers['content-type']
    return { status: statusCode, body: await body.text(), crc32: Number(headers['x-amz-crc32']), type }
  }
  const owned = stack.move()
  return { proxy, reached, post, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

const asItIs = { status: 200, body: text, crc32: crc32(text) }

test.each([false, true])('without toxics answers pass on one connection (in chunks: %s)', async (isChunked) => {
  await using service = await bench(serviceAnswering(isChunked))
  for (let n = 0; n < 5; n += 1) expect(await service.post('GetRecords')).toMatchObject(asItIs)
  await service.post('DescribeStream')
  expect(service.proxy).toMatchObject({ accepted: 1, errors: [] })
  expect(service.proxy.requests).toEqual(
    new Map([
      ['GetRecords', 5],
      ['DescribeStream', 1],
    ]),
  )
})

test.each([
  ['throttled', 400, 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException'],
  ['limitExceeded', 400, 'com.amazonaws.dynamodb.v20120810#LimitExceededException'],
  ['expiredIterator', 400, 'com.amazonaws.dynamodb.v20120810#ExpiredIteratorException'],
  ['trimmedDataAccess', 400, 'com.amazonaws.dynamodb.v20120810#TrimmedDataAccessException'],
  ['internalServerError', 500, 'com.amazonaws.dynamodb.v20120810#InternalServerError'],
  ['serviceUnavailable', 503, 'com.amazon.coral.service#ServiceUnavailable'],
  ['accessDenied', 400, 'com.amazon.coral.service#AccessDeniedException'],
] as const)('%s is answered in the place of the server, for one action and so often', async (name, status, type) => {
  await using service = await bench()
  const error = service.proxy.add({ ...awsErrors[name], action: 'GetRecords', count: 2 })
  expect(await service.post('DescribeStream')).toMatchObject(asItIs)
  for (let n = 0; n < 2; n += 1) {
    const refused = await service.post('GetRecords')
    expect(refused).toMatchObject({ status, crc32: crc32(refused.body), type: 'application/x-amz-json-1.0' })
    expect(JSON.parse(refused.body)).toMatchObject({ __type: type, message: expect.any(String) as string })
  }
  expect(await service.post('GetRecords')).toMatchObject(asItIs)
  expect(service.reached.length).toBe(2)
  expect(error.struck).toBe(2)
  expect(service.proxy).toMatchObject({ accepted: 1, errors: [] })
})

test('a permission that is missing for a while', async () => {
  await using service = await bench()
  const denied = service.proxy.add(awsErrors.accessDenied)
  for (let n = 0; n < 3; n += 1) expect(await service.post('GetRecords')).toMatchObject({ status: 400 })
  await denied.remove()
  expect(await service.post('GetRecords')).toMatchObject(asItIs)
  expect(service.proxy.struck).toEqual(new Map([['http-error', 3]]))
})

test.each([false, true])('half a body, and the connection goes on (in chunks: %s)', async (isChunked) => {
  await using service = await bench(serviceAnswering(isChunked))
  service.proxy.add({ kind: 'truncate-body', count: 1 })
  expect(await service.post('GetRecords')).toMatchObject({ ...asItIs, body: text.slice(0, text.length >> 1) })
  expect(await service.post('GetRecords')).toMatchObject(asItIs)
  expect(service.proxy.accepted).toBe(1)
})

test('so many bytes of a body, and the connection ends', async () => {
  await using service = await bench()
  service.proxy.add({ kind: 'truncate-body', bytes: 5, as: 'cut-off', count: 1 })
  await expect(service.post('GetRecords')).rejects.toMatchObject({ code: 'UND_ERR_SOCKET' })
  expect(await service.post('GetRecords')).toMatchObject(asItIs)
  expect(service.proxy.accepted).toBe(2)
})

test('the checksum of something else', async () => {
  await using service = await bench()
  service.proxy.add({ kind: 'wrong-crc32', count: 1 })
  expect(await service.post('GetRecords')).toMatchObject({ status: 200, body: text, crc32: (crc32(text) ^ 1) >>> 0 })
  expect(await service.post('GetRecords')).toMatchObject(asItIs)
})

test('a body that drips', async () => {
  await using service = await bench()
  service.proxy.add({ kind: 'slow-body', pieces: 5, betweenMs: 20 })
  const since = clock.monotonic()
  expect(await service.post('GetRecords')).toMatchObject(asItIs)
  expect(clock.monotonic() - since).toBeGreaterThan(90)
})

test('toxics of one answer add up', async () => {
  await using service = await bench()
  service.proxy.add({ kind: 'wrong-crc32' })
  service.proxy.add({ kind: 'truncate-body', bytes: 3 })
  service.proxy.add({ kind: 'slow-body', pieces: 3, betweenMs: 5 })
  service.proxy.add({ kind: 'slicer', minBytes: 1, maxBytes: 3 })
  expect(await service.post('GetRecords')).toMatchObject({ body: text.slice(0, 3), crc32: (crc32(text) ^ 1) >>> 0 })
})

test('answers keep their order when the proxy answers one of several requests itself', async () => {
  await using service = await bench()
  service.proxy.add({ ...awsErrors.throttled, action: 'GetRecords' })
  await using client = await connectPeer(service.proxy.port)
  const post = (action: string): string =>
    `POST / HTTP/1.1\r\nhost: x\r\nx-amz-target: S.${action}\r\ncontent-length: 2\r\n\r\n{}`
  client.socket.write(post('Slow') + post('GetRecords') + post('Last'))
  const statuses = (): readonly string[] => client.text.match(/HTTP\/1\.1 \d+/g) ?? []
  await expect.poll(statuses).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400', 'HTTP/1.1 200'])
})

test('what is not HTTP ends the connection and is named', async () => {
  await using service = await bench()
  await using client = await connectPeer(service.proxy.port)
  client.socket.write('\u0016\u0003\u0001 hello over TLS\r\n\r\n')
  await client.ended
  expect(client.ending).toBe('reset')
  expect(service.proxy.errors).toEqual([expect.objectContaining({ message: expect.stringContaining('not HTTP/1.1') })])
  expect(await service.post('GetRecords')).toMatchObject(asItIs)
})
