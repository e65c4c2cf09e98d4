import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createSecureServer } from 'node:http2'
import type { Http2SecureServer, Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import { createServer as createTlsServer } from 'node:https'
import type { Socket } from 'node:net'
import { loopbackCertificatePem, loopbackKeyPem } from '../fixtures/loopback-tls.ts'

/** A service that answers with streams of events and does what a script says. Checks no signature. */
export interface EventStreamServer extends AsyncDisposable {
  readonly endpoint: string
  /** What was asked, in order. */
  readonly requests: readonly ServedRequest[]
  /** Connections that are open now. */
  readonly connections: number
}

/** A request as it came. */
export interface ServedRequest {
  readonly action: string
  readonly body: unknown
  readonly httpVersion: string
  readonly headers: Readonly<Record<string, unknown>>
}

/** What a script can do with the answer to one request. */
export interface ServedAnswer {
  /** Begins the answer. */
  head(statusCode?: number, headers?: Readonly<Record<string, string>>): void
  /** Sends bytes behind the head; false once they do not leave any more, because nobody reads them. */
  send(bytes: Buffer | string): boolean
  /** Resolves when more may be sent, or the answer is over. */
  drained(): Promise<void>
  /** Ends it in good order. */
  end(): void
  /** HTTP/2: ends this answer alone, with an error. */
  reset(): void
  /** HTTP/2: says that the connection is to be left, and ends it. */
  goAway(code: number): void
  /** Cuts the connection. */
  cut(): void
}

/** Called for each request. */
export type ServerScript = (answer: ServedAnswer, request: ServedRequest, index: number) => void

/** How the server is spoken to: by TLS with HTTP/2 or only HTTP/1.1, or in the clear. */
export type ServerKind = 'http2' | 'https1' | 'http1'

type Request = IncomingMessage | Http2ServerRequest
type Response = ServerResponse | Http2ServerResponse

/** Starts one on a free port of the loopback interface. */
export async function startEventStreamServer(kind: ServerKind, script: ServerScript): Promise<EventStreamServer> {
  const requests: ServedRequest[] = []
  const sockets = new Set<Socket>()
  // The socket itself: HTTP/2's own way to close would say goodbye.
  const cut = (port: number | undefined): void => {
    for (const socket of sockets) if (socket.remotePort === port) socket.destroy()
  }
  const serve = (request: Request, response: Response): void => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => void chunks.push(chunk))
    request.on('end', () => {
      const served = {
        action: String(request.headers['x-amz-target']).split('.')[1] ?? '',
        body: JSON.parse(Buffer.concat(chunks).toString()),
        httpVersion: request.httpVersion,
        headers: request.headers,
      }
      requests.push(served)
      script(
        answerTo(response, () => cut(request.socket.remotePort)),
        served,
        requests.length - 1,
      )
    })
  }
  const server = serverOf(kind, serve)
  const keep = (socket: Socket): void => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => {})
  }
  server.on('connection', keep)
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    endpoint: `${kind === 'http1' ? 'http' : 'https'}://127.0.0.1:${address.port}`,
    requests,
    get connections() {
      return sockets.size
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function serverOf(kind: ServerKind, serve: (request: Request, response: Response) => void): Server | Http2SecureServer {
  if (kind === 'http1') return createServer(serve)
  const tls = { key: loopbackKeyPem, cert: loopbackCertificatePem }
  if (kind === 'https1') return createTlsServer(tls, serve)
  const server = createSecureServer(tls, serve)
  server.on('sessionError', () => {})
  return server
}

function answerTo(response: Response, cut: () => void): ServedAnswer {
  response.on('error', () => {})
  const send = (bytes: Buffer | string): boolean =>
    'stream' in response ? response.write(bytes) : response.write(bytes)
  const http2 = () => {
    if (!('stream' in response)) throw new Error('only for HTTP/2')
    return response.stream
  }
  return {
    head: (statusCode = 200, headers = {}) => {
      const fields = { 'content-type': 'application/vnd.amazon.eventstream', ...headers }
      if ('stream' in response) response.writeHead(statusCode, fields)
      else response.writeHead(statusCode, fields).flushHeaders()
    },
    send,
    drained: () =>
      new Promise((resolve) => {
        const done = (): void => {
          response.off('drain', done).off('close', done)
          resolve()
        }
        response.on('drain', done).on('close', done)
      }),
    end: () => void response.end(),
    reset: () => http2().close(2),
    goAway: (code) => {
      const { session } = http2()
      session?.goaway(code)
      session?.destroy()
    },
    cut,
  }
}
