import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { createManualClock } from '../../test/servers/stream-simulator/manual-clock.ts'
import type { Clock } from '../async/clock.ts'
import { seededRng } from '../async/rng.ts'
import { systemClock } from '../async/system-clock.ts'
import { createCredentialsCache } from '../aws/credentials.ts'
import type { Retry } from '../aws/retry-forever.ts'
import { TailraceError } from '../errors.ts'
import type { ObjectLocation, ObjectStore } from './objects.ts'
import { openS3ObjectStore } from './s3-object-store.ts'
import type { S3Options } from './s3-object-store.ts'

const never = new AbortController().signal
const location: ObjectLocation = { bucket: 'exports', key: 'a folder/ü+1.json.gz' }
const body = 'some bytes of an object'

type Answer = (response: ServerResponse, request: IncomingMessage) => void

interface FakeS3 extends AsyncDisposable {
  readonly store: ObjectStore
  readonly requests: readonly IncomingMessage[]
  readonly retries: readonly Retry[]
  /** How often the provider was asked for credentials. */
  readonly loads: () => number
}

/** A server that gives each request the next of these answers, and the last one again and again. */
async function setUp(answers: readonly Answer[], options: Partial<S3Options> = {}): Promise<FakeS3> {
  const requests: IncomingMessage[] = []
  const retries: Retry[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    answers[Math.min(requests.length, answers.length) - 1]?.(response, request)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  // Waits between attempts are over at once; deadlines are never reached.
  const waits = createManualClock(systemClock.now())
  const clock: Clock = {
    ...waits,
    sleep: (ms, signal) => (ms > 20_000 ? new Promise(() => {}) : waits.sleep(ms, signal)),
  }
  let loads = 0
  const credentials = createCredentialsCache({
    clock,
    load: () => Promise.resolve({ accessKeyId: `key-${++loads}`, secretAccessKey: 'secret' }),
  })
  const store = await openS3ObjectStore({
    clock,
    rng: seededRng(5),
    region: 'eu-west-1',
    credentials,
    env: { AWS_ENDPOINT_URL_S3: endpoint },
    onRetry: (retry) => void retries.push(retry),
    limits: { answerTimeoutMs: 1_000_000, pieceTimeoutMs: 1_000_000 },
    ...options,
  })
  return {
    store,
    requests,
    retries,
    loads: () => loads,
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const object: Answer = (response) => response.writeHead(200, { etag: '"e1"', 'content-length': body.length }).end(body)

function failure(status: number, code: string, message = 'because'): Answer {
  return (response) =>
    response
      .writeHead(status, { 'content-type': 'application/xml', 'x-amz-request-id': 'request-1' })
      .end(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`)
}

async function textOf(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = []
  for await (const piece of pieces) all.push(piece)
  return Buffer.concat(all).toString('utf8')
}

describe('get', () => {
  it('gives body, etag and size, by a signed request with the bucket in the path', async () => {
    await using s3 = await setUp([object])
    const got = await s3.store.get(location, {}, never)
    expect({ etag: got.etag, size: got.size, text: await textOf(got.body) }).toEqual({
      etag: '"e1"',
      size: body.length,
      text: body,
    })
    const [request] = s3.requests
    expect(request?.method).toBe('GET')
    expect(request?.url?.split('?')[0]).toBe('/exports/a%20folder/%C3%BC%2B1.json.gz')
    expect(request?.headers.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=key-1\/\d{8}\/eu-west-1\/s3\/aws4_request/,
    )
    expect(request?.headers['if-match']).toBeUndefined()
  })

  it('asks for a certain state of the object', async () => {
    await using s3 = await setUp([failure(412, 'PreconditionFailed')])
    await expect(s3.store.get(location, { ifMatch: '"e0"' }, never)).rejects.toMatchObject({ code: 'OBJECT_CHANGED' })
    expect(s3.requests[0]?.headers['if-match']).toBe('"e0"')
  })

  it.each([
    ['SlowDown', failure(503, 'SlowDown'), 'AWS_THROTTLED'],
    ['a server error', failure(500, 'InternalError'), 'AWS_UNREACHABLE'],
    ['a server error without a body', (response: ServerResponse) => response.writeHead(502).end(), 'AWS_UNREACHABLE'],
    ['a request that came too slowly', failure(400, 'RequestTimeout'), 'AWS_UNREACHABLE'],
    ['a connection that ends at once', (response: ServerResponse) => response.destroy(), 'AWS_UNREACHABLE'],
    ['a missing permission', failure(403, 'AccessDenied'), 'AWS_ACCESS_DENIED'],
    ['an answer without an etag', (response: ServerResponse) => response.writeHead(200).end(body), 'AWS_RESPONSE'],
  ])('waits %s out', async (_, answer, code) => {
    await using s3 = await setUp([answer, answer, object])
    const got = await s3.store.get(location, {}, never)
    expect(await textOf(got.body)).toBe(body)
    expect(s3.retries.map(({ error }) => error.code)).toEqual([code, code])
  })

  it.each([
    [404, 'NoSuchKey', 'OBJECT_MISSING'],
    [404, 'NoSuchBucket', 'BUCKET_MISSING'],
    [403, 'InvalidObjectState', 'OBJECT_REFUSED'],
    [400, 'KMS.DisabledException', 'OBJECT_REFUSED'],
  ])('turns %i %s into %s at once', async (status, name, code) => {
    await using s3 = await setUp([failure(status, name)])
    const error = await s3.store.get(location, {}, never).catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(TailraceError)
    expect(error).toMatchObject({ code, details: { bucket: 'exports', key: location.key, type: name } })
    expect(s3.requests).toHaveLength(1)
  })

  it('names the action and the resource that are not allowed', async () => {
    const text =
      'User: u is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:k because no policy allows it'
    await using s3 = await setUp([failure(403, 'AccessDenied', text), failure(403, 'AccessDenied')], {
      giveUpOn: ['AWS_ACCESS_DENIED'],
    })
    await expect(s3.store.get(location, {}, never)).rejects.toThrow('Not allowed: kms:Decrypt on arn:aws:kms:k')
    await expect(s3.store.get(location, {}, never)).rejects.toThrow(
      `Not allowed: s3:GetObject on s3://exports/${location.key}, or it does not exist and s3:ListBucket is not allowed`,
    )
  })

  it('asks for new credentials when the old ones are refused', async () => {
    // The cache asks again after five seconds at the earliest: the wait is longer.
    await using s3 = await setUp([failure(400, 'ExpiredToken'), object], {
      retry: { baseMs: 6_000, capMs: 6_000, floorMs: 6_000 },
    })
    await textOf((await s3.store.get(location, {}, never)).body)
    expect(s3.loads()).toBe(2)
    expect(s3.requests.map(({ headers }) => /Credential=([^/]+)/.exec(headers.authorization ?? '')?.[1])).toEqual([
      'key-1',
      'key-2',
    ])
  })

  it('reports a body that breaks off, and leaves beginning anew to whoever reads', async () => {
    await using s3 = await setUp([
      (response) => {
        response.writeHead(200, { etag: '"e1"', 'content-length': 1_000 })
        response.write(body, () => response.destroy())
      },
    ])
    const got = await s3.store.get(location, {}, never)
    expect(got.size).toBe(1_000)
    await expect(textOf(got.body)).rejects.toMatchObject({ code: 'AWS_RESPONSE' })
    expect(s3.requests).toHaveLength(1)
  })

  it('gives up on a body that stands still, and on an answer that does not come', async () => {
    const begun: Answer = (response) => void response.writeHead(200, { etag: '"e1"', 'content-length': 9 }).write('x')
    await using s3 = await setUp([begun, () => {}], {
      clock: systemClock,
      limits: { answerTimeoutMs: 80, pieceTimeoutMs: 80 },
      giveUpOn: ['AWS_UNREACHABLE'],
    })
    const got = await s3.store.get(location, {}, never)
    await expect(textOf(got.body)).rejects.toMatchObject({ code: 'AWS_UNREACHABLE' })
    await expect(s3.store.get(location, {}, never)).rejects.toMatchObject({ code: 'AWS_UNREACHABLE' })
  })

  it.each(['by its signal', 'by its reader'])('closes the connection of a body that is left %s', async (how) => {
    const closed = Promise.withResolvers<void>()
    await using s3 = await setUp([
      (response) => {
        response.once('close', closed.resolve)
        response.writeHead(200, { etag: '"e1"', 'content-length': 1_000 }).write('x')
      },
    ])
    const stop = new AbortController()
    const got = await s3.store.get(location, {}, stop.signal)
    if (how === 'by its reader') for await (const piece of got.body) if (piece.length > 0) break
    if (how === 'by its signal') {
      const read = textOf(got.body)
      stop.abort(new Error('enough'))
      await expect(read).rejects.toThrow('enough')
    }
    await closed.promise
  })

  it('stops waiting when it is told to', async () => {
    await using s3 = await setUp([() => {}])
    const stop = new AbortController()
    const get = s3.store.get(location, {}, stop.signal)
    stop.abort(new Error('enough'))
    await expect(get).rejects.toThrow('enough')
  })

  it('waits for a server that is not there', async () => {
    const stop = new AbortController()
    await using s3 = await setUp([object], {
      endpoint: 'http://127.0.0.1:9',
      onRetry: ({ error }) => stop.abort(error),
    })
    await expect(s3.store.get(location, {}, stop.signal)).rejects.toThrow('no answer (ECONNREFUSED)')
  })

  it('refuses an endpoint that is none', async () => {
    await expect(setUp([], { endpoint: 'ftp://x' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })
})
