import { Agent } from 'undici'
import type { Dispatcher } from 'undici'

/** A complete answer. The length was checked against `content-length` by the HTTP parser. */
export interface HttpAnswer {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

/** Why there is no complete answer. `isAnswerBegun`: headers had arrived. The cause says what the connection said. */
export class HttpFailure extends Error {
  readonly isAnswerBegun: boolean

  constructor(cause: unknown, isAnswerBegun: boolean) {
    super('the request failed', { cause })
    this.name = 'HttpFailure'
    this.isAnswerBegun = isAnswerBegun
  }
}

/** Limits of the connections to one origin. */
export interface HttpLimits {
  /** Connections per origin; further requests wait for one. */
  readonly maxConnections: number
  readonly connectTimeoutMs: number
  /** From the request's end to the answer's headers. */
  readonly headersTimeoutMs: number
  /** Between two pieces of the body. */
  readonly bodyTimeoutMs: number
  /** A larger answer is refused, whatever the peer is. */
  readonly maxAnswerBytes: number
}

/** Keep-alive HTTP/1.1 connections, bounded per origin. Must be destroyed by whoever made it. */
export function createHttpAgent(limits: HttpLimits): Agent {
  return new Agent({
    allowH2: false,
    bodyTimeout: limits.bodyTimeoutMs,
    connect: { timeout: limits.connectTimeoutMs },
    connections: limits.maxConnections,
    headersTimeout: limits.headersTimeoutMs,
    keepAliveTimeout: 15_000,
    maxResponseSize: limits.maxAnswerBytes,
  })
}

/** What to send, and where. */
export interface HttpPost {
  /** Default: POST. */
  readonly method?: 'GET'
  readonly origin: string
  readonly path: string
  readonly headers: Record<string, string>
  /** Empty for a GET. */
  readonly body: string
}

/**
 * Sends once and gathers the whole answer. Rejects with {@link HttpFailure}, or with the signal's reason as soon as it
 * aborts, also while the request still waits for a connection.
 */
export function httpPost(agent: Agent, post: HttpPost, signal: AbortSignal): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    let statusCode = 0
    let headers: HttpAnswer['headers'] = {}
    let started: Dispatcher.DispatchController | undefined
    const chunks: Buffer[] = []

    const onAbort = (): void => {
      // First, because cutting the connection reports an error of its own.
      reject(signal.reason)
      started?.abort(asError(signal.reason))
    }
    if (signal.aborted) {
      onAbort()
      return
    }
    signal.addEventListener('abort', onAbort, { once: true })

    // The handler instead of undici's body stream: a page is needed whole, and the stream costs as much as the parsing.
    agent.dispatch(
      { method: 'POST', ...post, ...(post.method === 'GET' ? { body: null } : {}) },
      {
        onRequestStart: (controller) => {
          started = controller
          if (signal.aborted) controller.abort(asError(signal.reason))
        },
        onResponseStart: (_controller, code, fields) => {
          statusCode = code
          headers = fields
        },
        onResponseData: (_controller, chunk) => {
          chunks.push(chunk)
        },
        onResponseEnd: () => {
          signal.removeEventListener('abort', onAbort)
          resolve({
            statusCode,
            headers,
            body: chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks),
          })
        },
        onResponseError: (_controller, error) => {
          signal.removeEventListener('abort', onAbort)
          reject(new HttpFailure(error, statusCode !== 0))
        },
      },
    )
  })
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('aborted')
}
