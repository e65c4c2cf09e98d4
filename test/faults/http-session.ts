import { STATUS_CODES } from 'node:http'
import { crc32 } from 'node:zlib'
import { createHttpReader, headerOf, writeHead } from './http-messages.ts'
import type { HttpMessage } from './http-messages.ts'
import { pause } from './pause.ts'
import type { ProtocolSession, SessionContext, SessionFactory } from './protocol-session.ts'
import { directionOf } from './toxic-rules.ts'
import type { HttpRequest, HttpToxic, Toxic } from './toxic.ts'

/** A request whose answer has not been passed on yet. */
interface Pending {
  readonly request: HttpRequest
  readonly method: string
  /** The proxy's own answer, which waits until those before it are answered. */
  readonly ownAnswer?: Buffer
}

/** Sessions that see whole HTTP messages. */
export const createHttpSession: SessionFactory = (context) => new HttpSession(context)

class HttpSession implements ProtocolSession {
  readonly #context: SessionContext
  readonly #pending: Pending[] = []
  readonly #requests = createHttpReader(() => false)
  readonly #answers = createHttpReader((startLine) => {
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(startLine)?.[1])
    return status >= 200 && status !== 204 && status !== 304
  })

  constructor(context: SessionContext) {
    this.#context = context
  }

  async fromClient(chunk: Buffer): Promise<void> {
    for (const message of this.#requests.push(chunk)) await this.#onRequest(message)
  }

  async fromServer(chunk: Buffer): Promise<void> {
    for (const message of this.#answers.push(chunk)) await this.#onAnswer(message)
  }

  /** What there is of a request that was broken off goes on like that. */
  clientEnded(): Promise<void> {
    return this.#context.toServer.send(this.#requests.end())
  }

  serverEnded(): Promise<void> {
    return this.#context.toClient.send(this.#answers.end())
  }

  async #onRequest(message: HttpMessage): Promise<void> {
    const request = requestOf(message)
    const method = message.startLine.slice(0, message.startLine.indexOf(' '))
    this.#context.count(request.action === '' ? method : request.action)
    for (const toxic of this.#strikes('upstream', request)) {
      if (toxic.kind !== 'http-error') continue
      this.#pending.push({ request, method, ownAnswer: errorAnswer(toxic) })
      return this.#passOwnAnswers()
    }
    this.#pending.push({ request, method })
    await this.#context.toServer.send(message.bytes)
  }

  async #onAnswer(message: HttpMessage): Promise<void> {
    const { toClient, clock, closed } = this.#context
    const isInterim = /^HTTP\/1\.[01] 1/.test(message.startLine)
    const pending = isInterim ? undefined : this.#pending.shift()
    if (pending === undefined || pending.method === 'HEAD') return toClient.send(message.bytes)
    const answer = this.#change(message, pending.request)
    if (answer === undefined) await toClient.send(message.bytes)
    else {
      const { headers, body, announced, pieces, betweenMs } = answer
      await toClient.send(writeHead({ startLine: message.startLine, headers }, announced))
      const size = Math.max(1, Math.ceil(body.length / pieces))
      for (let at = 0; at < body.length; at += size) {
        if (betweenMs > 0) await pause(clock, betweenMs, closed)
        await toClient.send(body.subarray(at, at + size))
      }
      if (announced > body.length) return toClient.finish('close')
    }
    await this.#passOwnAnswers()
  }

  /** What the toxics make of an answer; undefined when none strikes. */
  #change(message: HttpMessage, request: HttpRequest): ChangedAnswer | undefined {
    let answer: ChangedAnswer | undefined
    for (const toxic of this.#strikes('downstream', request)) {
      answer ??= { ...message, announced: message.body.length, pieces: 1, betweenMs: 0 }
      if (toxic.kind === 'truncate-body') {
        const body = answer.body.subarray(0, toxic.bytes ?? answer.body.length >> 1)
        answer = { ...answer, body, announced: toxic.as === 'cut-off' ? answer.announced : body.length }
      } else if (toxic.kind === 'wrong-crc32') {
        answer = { ...answer, headers: withWrongChecksum(message) }
      } else if (toxic.kind === 'slow-body') {
        answer = { ...answer, pieces: toxic.pieces, betweenMs: toxic.betweenMs }
      }
    }
    return answer
  }

  async #passOwnAnswers(): Promise<void> {
    for (let first = this.#pending[0]; first?.ownAnswer !== undefined; first = this.#pending[0]) {
      this.#pending.shift()
      await this.#context.toClient.send(first.ownAnswer)
    }
  }

  *#strikes(direction: 'upstream' | 'downstream', request: HttpRequest): Generator<HttpToxic> {
    for (const entry of this.#context.toxics()) {
      const { toxic } = entry
      if (!isHttp(toxic) || directionOf(toxic) !== direction) continue
      if (toxic.action !== undefined && toxic.action !== request.action) continue
      if (!(toxic.whenRequest?.(request) ?? true)) continue
      if (entry.tryStrike(this.#context.connection)) yield toxic
    }
  }
}

interface ChangedAnswer {
  readonly headers: HttpMessage['headers']
  readonly body: Buffer
  /** The length that the head tells. */
  readonly announced: number
  readonly pieces: number
  readonly betweenMs: number
}

const kinds: ReadonlySet<string> = new Set([
  'http-error',
  'truncate-body',
  'wrong-crc32',
  'slow-body',
] satisfies HttpToxic['kind'][])

function isHttp(toxic: Toxic): toxic is HttpToxic {
  return kinds.has(toxic.kind)
}

function requestOf(message: HttpMessage): HttpRequest {
  const target = headerOf(message, 'x-amz-target') ?? ''
  return {
    action: target.slice(target.indexOf('.') + 1),
    headers: new Map(message.headers.map(([name, value]) => [name.toLowerCase(), value])),
    body: message.body,
  }
}

function errorAnswer(toxic: Extract<HttpToxic, { readonly kind: 'http-error' }>): Buffer {
  const { status, type, message = type } = toxic
  const body = Buffer.from(
    JSON.stringify({ __type: type.includes('#') ? type : `com.amazonaws.dynamodb.v20120810#${type}`, message }),
  )
  const head = {
    startLine: `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}`,
    headers: [
      ['content-type', 'application/x-amz-json-1.0'],
      ['x-amzn-requestid', 'FAULTPROXY'],
      ['x-amz-crc32', String(crc32(body))],
    ] as const,
  }
  return Buffer.concat([writeHead(head, body.length), body])
}

function withWrongChecksum(message: HttpMessage): HttpMessage['headers'] {
  const others = message.headers.filter(([name]) => name.toLowerCase() !== 'x-amz-crc32')
  return [...others, ['x-amz-crc32', String((crc32(message.body) ^ 1) >>> 0)]]
}
