import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { createManualClock } from '../../test/servers/stream-simulator/manual-clock.ts'
import { seededRng } from '../async/rng.ts'
import { systemClock } from '../async/system-clock.ts'
import { createCredentialsCache } from '../aws/credentials.ts'
import { openS3ObjectStore } from './s3-object-store.ts'
import type { OpenS3 } from './s3-object-store.ts'

const never = new AbortController().signal
const location = { bucket: 'large', key: 'shop/orders/1-a.0' }
const bytes = Buffer.alloc(2_000_000, 'v')
const sha256 = createHash('sha256').update(bytes).digest('hex')

interface Received {
  readonly request: IncomingMessage
  readonly body: Buffer
}
type Answer = (response: ServerResponse) => void
interface FakeS3 extends AsyncDisposable {
  readonly store: OpenS3
  readonly received: readonly Received[]
}

const ok: Answer = (response) => void response.writeHead(200, { etag: '"e"' }).end()
const refusal =
  (status: number, code: string): Answer =>
  (response) =>
    void response.writeHead(status, { 'content-type': 'application/xml' }).end(`<Error><Code>${code}</Code></Error>`)

/** Gives each request, once its body has come, the next of these answers, and the last one again and again. */
async function setUp(answers: readonly Answer[]): Promise<FakeS3> {
  const received: Received[] = []
  const server = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      received.push({ request, body: Buffer.concat(pieces) })
      answers[Math.min(received.length, answers.length) - 1]?.(response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const waits = createManualClock(systemClock.now())
  const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    ms > 20_000 ? new Promise(() => {}) : waits.sleep(ms, signal)
  const store = await openS3ObjectStore({
    clock: { ...waits, sleep },
    rng: seededRng(5),
    region: 'eu-west-1',
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: createCredentialsCache({
      clock: waits,
      load: () => Promise.resolve({ accessKeyId: 'key', secretAccessKey: 'secret' }),
    }),
    limits: { answerTimeoutMs: 1_000_000 },
  })
  return {
    store,
    received,
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

describe('put', () => {
  it('sends the bytes as they are, with their checksum, and the owner that the bucket must have', async () => {
    await using s3 = await setUp([ok])
    await s3.store.put(location, bytes, { sha256, owner: '123456789012' }, never)
    const [{ request, body } = { request: undefined, body: Buffer.alloc(0) }] = s3.received
    expect(body.equals(bytes)).toBe(true)
    expect(request).toMatchObject({
      method: 'PUT',
      url: '/large/shop/orders/1-a.0?x-id=PutObject',
      headers: {
        'content-length': '2000000',
        'x-amz-checksum-sha256': Buffer.from(sha256, 'hex').toString('base64'),
        'x-amz-expected-bucket-owner': '123456789012',
      },
    })
    // Nothing that a server which speaks like S3 need not know.
    expect(request?.headers).not.toHaveProperty('content-encoding')
    expect(request?.headers).not.toHaveProperty('x-amz-trailer')
  })

  it.each([
    ['a throttle', refusal(503, 'SlowDown')],
    ['a server error', refusal(500, 'InternalError')],
    ['a missing permission', refusal(403, 'AccessDenied')],
    ['a connection that breaks', (response: ServerResponse) => void response.destroy()],
  ])('waits %s out and sends all of it again', async (_, answer) => {
    await using s3 = await setUp([answer, answer, ok])
    await s3.store.put(location, bytes, { sha256 }, never)
    expect(s3.received.map(({ body }) => body.length)).toEqual([2_000_000, 2_000_000, 2_000_000])
  })

  it.each([
    [404, 'NoSuchBucket', 'BUCKET_MISSING'],
    [400, 'BadDigest', 'OBJECT_REFUSED'],
    [400, 'EntityTooLarge', 'OBJECT_REFUSED'],
  ])('turns %i %s into %s at once', async (status, name, code) => {
    await using s3 = await setUp([refusal(status, name)])
    const details = { action: 'PutObject', ...location, type: name }
    await expect(s3.store.put(location, bytes, { sha256 }, never)).rejects.toMatchObject({ code, details })
    expect(s3.received).toHaveLength(1)
  })

  it('ends with its signal', async () => {
    await using s3 = await setUp([() => {}])
    const stop = new AbortController()
    const put = s3.store.put(location, bytes, { sha256 }, stop.signal)
    stop.abort(new Error('enough'))
    await expect(put).rejects.toThrow('enough')
  })
})

describe('tidying up', () => {
  it('takes one object away', async () => {
    await using s3 = await setUp([(response) => void response.writeHead(204).end()])
    await s3.store.remove(location, {}, never)
    expect(s3.received[0]?.request).toMatchObject({
      method: 'DELETE',
      url: '/large/shop/orders/1-a.0?x-id=DeleteObject',
    })
  })

  it('lists what begins alike', async () => {
    const listing = `<ListBucketResult><Contents><Key>a-1</Key></Contents><Contents><Key>a-2</Key></Contents></ListBucketResult>`
    await using s3 = await setUp([
      (response) => void response.writeHead(200, { 'content-type': 'application/xml' }).end(listing),
    ])
    expect(await s3.store.list({ bucket: 'large', key: 'a-' }, {}, never)).toEqual(['a-1', 'a-2'])
    expect(s3.received[0]?.request.url).toBe('/large/?list-type=2&prefix=a-')
  })

  it.each(['remove', 'list'] as const)('%s is tried once', async (what) => {
    await using s3 = await setUp([refusal(403, 'AccessDenied')])
    await expect(s3.store[what](location, {}, never)).rejects.toMatchObject({
      code: 'AWS_ACCESS_DENIED',
      message: expect.stringContaining(what === 'remove' ? 's3:DeleteObject' : 's3:ListBucket'),
    })
    expect(s3.received).toHaveLength(1)
  })
})
