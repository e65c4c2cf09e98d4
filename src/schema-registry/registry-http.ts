import { Agent } from 'undici'
import { withDeadline } from '../async/clock.ts'
import type { Clock } from '../async/clock.ts'
import { TailraceError, outOfFileHandles } from '../errors.ts'
import type { RegistryTls } from './registry-options.ts'

/** What is asked of one server. */
export interface RegistryRequest {
  readonly method: 'GET' | 'POST'
  /** Below the base URL, beginning with a slash, with its query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

/** A complete answer, whatever it says. */
export interface RegistryAnswer {
  readonly status: number
  readonly retryAfter: string | undefined
  readonly body: Buffer
}

/** Connections to the servers of one registry. Disposing cuts them. */
export interface RegistryHttp extends AsyncDisposable {
  /**
   * Sends once and gathers the whole answer. Rejects with SCHEMA_REGISTRY_UNREACHABLE if there is none in time, with
   * SCHEMA_REGISTRY_RESPONSE if it is too large or not HTTP, or with the signal's reason.
   */
  send(baseUrl: string, request: RegistryRequest, signal: AbortSignal): Promise<RegistryAnswer>
}

/** Far more than any schema; a page that never ends is not gathered. */
const maxAnswerBytes = 8 * 1024 * 1024
const maxConnections = 4

/** Opens no connection yet. `timeoutMs` is for a whole exchange. */
export function createRegistryHttp(clock: Clock, timeoutMs: number, tls: RegistryTls | undefined): RegistryHttp {
  const agent = new Agent({
    allowH2: false,
    bodyTimeout: timeoutMs,
    connect: { timeout: Math.min(timeoutMs, 10_000), ...tls },
    connections: maxConnections,
    headersTimeout: timeoutMs,
    keepAliveTimeout: 15_000,
    maxResponseSize: maxAnswerBytes,
  })
  return {
    send: async (baseUrl, request, signal) => {
      const server = serverName(baseUrl)
      const scope = new AbortController()
      const ended = AbortSignal.any([signal, scope.signal])
      const late = (): TailraceError => unreachable(`${server} did not answer within ${timeoutMs} ms`)
      try {
        return await withDeadline(clock, timeoutMs, exchange(agent, baseUrl, request, ended), late)
      } catch (error) {
        signal.throwIfAborted()
        throw error instanceof TailraceError ? error : connectionError(server, error)
      } finally {
        scope.abort(new Error('the exchange is over'))
      }
    },
    [Symbol.asyncDispose]: () => agent.destroy(),
  }
}

/** How messages name a server: host and path, nothing else. */
export function serverName(baseUrl: string): string {
  const { host, pathname } = new URL(baseUrl)
  return `the schema registry at ${host}${pathname === '/' ? '' : pathname}`
}

async function exchange(
  agent: Agent,
  baseUrl: string,
  { method, path, headers, body }: RegistryRequest,
  signal: AbortSignal,
): Promise<RegistryAnswer> {
  const { origin, pathname } = new URL(baseUrl)
  const answer = await agent.request({
    origin,
    path: `${pathname.replace(/\/+$/, '')}${path}`,
    method,
    headers,
    signal,
    ...(body === undefined ? {} : { body }),
  })
  const retryAfter = answer.headers['retry-after']
  return {
    status: answer.statusCode,
    retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
    body: Buffer.from(await answer.body.arrayBuffer()),
  }
}

function connectionError(server: string, error: unknown): TailraceError {
  const noHandles = outOfFileHandles(error, `asking ${server}`)
  if (noHandles !== undefined) return noHandles
  const code = codeOf(error)
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE' || code.startsWith('HPE_')) {
    const message = code.startsWith('HPE_')
      ? `${server} answered something that is not HTTP (${code})`
      : `${server} sent an answer of more than ${maxAnswerBytes} bytes`
    return new TailraceError('SCHEMA_REGISTRY_RESPONSE', message, { cause: error })
  }
  return unreachable(`${server} cannot be reached, or broke off (${code})`, error)
}

/** `ECONNREFUSED`, `UND_ERR_SOCKET`, `DEPTH_ZERO_SELF_SIGNED_CERT` …: names, which hold nothing secret. */
function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0])
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return error instanceof Error && error.cause !== undefined ? codeOf(error.cause) : 'no reason given'
}

function unreachable(message: string, cause?: unknown): TailraceError {
  return new TailraceError('SCHEMA_REGISTRY_UNREACHABLE', message, { cause })
}
