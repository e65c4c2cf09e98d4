import { getRequestListener } from '@hono/node-server'
import { createServer } from 'node:http'
import type { IncomingMessage, Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { PeerCertificate } from 'node:tls'
import type { Clock } from '../../../async/clock.ts'
import { TailraceError } from '../../../errors.ts'
import { isEmptyList } from '../access/access-list.ts'
import type { AccessList, Subject } from '../access/access-list.ts'
import { createAuthenticator, openAccess } from '../access/authenticator.ts'
import { isLoopback } from '../access/request-guard.ts'
import { createRestApp } from './create-rest-app.ts'
import type { ConnectionFacts, RestOptions } from './create-rest-app.ts'

/** Where and how the API is served. */
export interface RestServerOptions extends Omit<RestOptions, 'authenticator' | 'signal'> {
  readonly listen: { readonly host: string; readonly port: number }
  readonly access: AccessList
  /** PEM texts; with `ca`, clients may show certificates of it. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly ca?: string }
}

/** A running server and the address it got. */
export interface RestServer extends AsyncDisposable {
  readonly url: string
}

/** How long a client may take for its headers, and for a whole request. */
const headersTimeout = 10_000
const requestTimeout = 60_000
/** What is still to be said when the server closes. Milliseconds. */
const lastAnswersMs = 1_000
const idleLookMs = 20

/**
 * Serves the REST API. Throws LISTEN_UNPROTECTED, before anything is opened, for an address that other machines can reach
 * while the access list is empty.
 */
export async function startRestServer({ listen, access, tls, ...options }: RestServerOptions): Promise<RestServer> {
  checkListen(listen.host, access)
  const closing = new AbortController()
  const authenticator = isEmptyList(access) ? openAccess : createAuthenticator(access, options.clock)
  const app = createRestApp({ ...options, authenticator, signal: closing.signal })
  const listener = getRequestListener(
    (request, { incoming }) => app.fetch(request, factsOf(incoming as IncomingMessage, options.clock)),
    {
      overrideGlobalObjects: false,
    },
  )
  const limits = { headersTimeout, requestTimeout, maxHeaderSize: 32_768 }
  const onRequest = (...args: Parameters<typeof listener>): void => void listener(...args)
  const server: Server =
    tls === undefined
      ? createServer(limits, onRequest)
      : createSecureServer(
          { ...limits, ...tls, requestCert: tls.ca !== undefined, rejectUnauthorized: false },
          onRequest,
        )
  await opened(server, listen)
  const bound = server.address() as AddressInfo
  const host = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address
  return {
    url: `${tls === undefined ? 'http' : 'https'}://${host}:${bound.port}`,
    [Symbol.asyncDispose]: async () => {
      closing.abort(new TailraceError('SERVICE_CHANGING', 'Cannot complete request: this process is stopping'))
      await closed(server, options.clock)
    },
  }
}

/** Whoever still waits for an answer is told that the process stops; who does not take that in time is cut off. */
async function closed(server: Server, clock: Clock): Promise<void> {
  const over = new AbortController()
  const ended = new Promise<void>((resolve) => server.close(() => resolve())).finally(() => over.abort('closed'))
  clock.sleep(lastAnswersMs, over.signal).then(
    () => server.closeAllConnections(),
    () => undefined,
  )
  // A connection that has got its answer would be kept for another question.
  for (; !over.signal.aborted; await Promise.race([ended, clock.sleep(idleLookMs)])) server.closeIdleConnections()
  await ended
}

/** Throws LISTEN_UNPROTECTED for an address that others can reach while nobody is asked who it is. */
export function checkListen(host: string, access: AccessList): void {
  if (isLoopback(host) || !isEmptyList(access)) return
  throw new TailraceError(
    'LISTEN_UNPROTECTED',
    `other machines can reach ${host}, and nothing says who may use the service`,
  )
}

function factsOf({ socket }: IncomingMessage, clock: Clock): ConnectionFacts {
  const address = (socket.remoteAddress ?? '').replace(/^::ffff:/i, '')
  // A certificate that was not verified is as good as none.
  const subject =
    socket instanceof TLSSocket && socket.authorized ? subjectOf(socket.getPeerCertificate().subject) : undefined
  // That the end of the connection has come behind the request is read in the next turn: what is between two timers.
  const hasHungUp = async (): Promise<boolean> => {
    for (let timer = 0; timer < 2; timer++) await clock.sleep(1)
    return socket.destroyed || socket.readableEnded
  }
  return { address, subject, hasHungUp }
}

/** Attributes that stand there once; of those that stand there twice, none can be relied on. */
function subjectOf(subject: Partial<PeerCertificate['subject']> | undefined): Subject {
  return new Map(
    Object.entries(subject ?? {}).flatMap(([name, value]: readonly [string, unknown]) =>
      typeof value === 'string' ? [[name.toUpperCase(), value] as const] : [],
    ),
  )
}

function opened(server: Server, { host, port }: RestServerOptions['listen']): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
