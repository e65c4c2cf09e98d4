import { request as httpRequest } from 'node:http'
import { connect as connectHttp2, constants } from 'node:http2'
import { connect as connectTcp } from 'node:net'
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { TLSSocket, connect as connectTls } from 'node:tls'
import { HttpFailure } from './http-post.ts'
import type { HttpAnswer, HttpPost } from './http-post.ts'

/** An answer whose body goes on for as long as the peer likes. */
export interface StreamingAnswer extends Pick<HttpAnswer, 'statusCode' | 'headers'> {
  /** Nothing is taken from the connection beyond a window while nobody reads; fails if the connection breaks. */
  readonly body: Readable
  /** Once the body has ended: false if it did so only because the connection was closed, which is no error everywhere. */
  readonly isWhole: () => boolean
  /** Cuts the connection. Harmless when it is called twice, and behind the body's end. */
  readonly close: () => void
}

/** A post on a connection of its own. */
export interface StreamingPost extends HttpPost {
  /** Certificates in PEM that are trusted instead of the system's. */
  readonly ca?: string | undefined
}

/**
 * What the peer may send before somebody reads: 2 MB/s, the most that a shard gives, need this much from 250 milliseconds
 * away.
 */
const windowBytes = 512 * 1024

/**
 * Posts once and resolves with the answer's head: by HTTP/2 where the peer offers it in the TLS handshake, otherwise by
 * HTTP/1.1. Each post has a connection of its own, so that no body waits for another and closing one cuts nothing else.
 * Rejects with {@link HttpFailure}, or with the signal's reason; the signal counts until the head is here.
 */
export async function streamingPost(post: StreamingPost, signal: AbortSignal): Promise<StreamingAnswer> {
  const socket = await openSocket(post, signal)
  const isHttp2 = socket instanceof TLSSocket && socket.alpnProtocol === 'h2'
  return isHttp2 ? postByHttp2(post, socket, signal) : postByHttp1(post, socket, signal)
}

/** How an attempt ends: once, by its result, a failure or the signal. */
interface Outcome<T> {
  readonly resolve: (value: T) => void
  readonly fail: (error: unknown) => void
}

/** Runs `begin` until it ends. `cut` is called for every end but a good one, and for a failure that comes behind it. */
function attempt<T>(signal: AbortSignal, cut: () => void, begin: (outcome: Outcome<T>) => void): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const end = (settle: () => void): void => {
      signal.removeEventListener('abort', onAbort)
      settle()
    }
    const onAbort = (): void =>
      end(() => {
        // First, because cutting the connection reports an error of its own.
        reject(signal.reason)
        cut()
      })
    if (signal.aborted) {
      onAbort()
      return
    }
    signal.addEventListener('abort', onAbort, { once: true })
    begin({
      resolve: (value) => end(() => resolve(value)),
      fail: (error) =>
        end(() => {
          reject(new HttpFailure(error, false))
          cut()
        }),
    })
  })
}

function openSocket(post: StreamingPost, signal: AbortSignal): Promise<Socket> {
  const { protocol, hostname: bracketed, port } = new URL(post.origin)
  const host = bracketed.replace(/^\[(.*)\]$/, '$1')
  const isTls = protocol === 'https:'
  const where = { host, port: port === '' ? (isTls ? 443 : 80) : Number(port) }
  const socket = isTls
    ? connectTls({
        ...where,
        servername: /^[\d.]+$|:/.test(host) ? '' : host,
        ALPNProtocols: ['h2', 'http/1.1'],
        ...(post.ca === undefined ? {} : { ca: post.ca }),
      })
    : connectTcp(where)
  socket.setNoDelay(true)
  return attempt<Socket>(
    signal,
    () => socket.destroy(),
    ({ resolve, fail }) => {
      // For good: an error without a listener would end the process, and there is a moment between two owners.
      socket.on('error', fail)
      socket.once(isTls ? 'secureConnect' : 'connect', () => resolve(socket))
    },
  )
}

function postByHttp2(post: StreamingPost, socket: Socket, signal: AbortSignal): Promise<StreamingAnswer> {
  const session = connectHttp2(post.origin, {
    createConnection: () => socket,
    settings: { enablePush: false, initialWindowSize: windowBytes },
  })
  const close = (): void => session.destroy()
  return attempt(signal, close, ({ resolve, fail }) => {
    session.on('error', fail)
    session.once('connect', () => session.setLocalWindowSize(2 * windowBytes))
    const { host, ...headers } = post.headers
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_AUTHORITY]: host,
      [constants.HTTP2_HEADER_PATH]: post.path,
      'content-length': String(Buffer.byteLength(post.body)),
      ...headers,
    })
    stream.on('error', fail)
    stream.once('close', () => fail(new Error('closed without an answer')))
    stream.once('response', ({ [constants.HTTP2_HEADER_STATUS]: statusCode, ...fields }) => {
      resolve({
        statusCode: Number(statusCode),
        headers: fields,
        body: stream,
        isWhole: () => stream.rstCode === 0,
        close,
      })
    })
    stream.end(post.body)
  })
}

function postByHttp1(post: StreamingPost, socket: Socket, signal: AbortSignal): Promise<StreamingAnswer> {
  const request = httpRequest({
    createConnection: () => socket,
    method: 'POST',
    path: post.path,
    headers: { ...post.headers, 'content-length': Buffer.byteLength(post.body) },
  })
  const close = (): void => void request.destroy()
  return attempt(signal, close, ({ resolve, fail }) => {
    request.on('error', fail)
    request.once('response', (response) => {
      // For good, as above: nobody may be reading when the connection breaks.
      response.on('error', () => {})
      const { statusCode = 0, headers } = response
      resolve({ statusCode, headers, body: response, isWhole: () => response.complete, close })
    })
    request.end(post.body)
  })
}
