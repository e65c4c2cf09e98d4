import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { crc32 } from 'node:zlib'
import type { Fault, FaultSource, SimulatedRequest } from './fault-plan.ts'
import type { Clock } from '../../../src/async/clock.ts'
import { errorAnswer } from './operations.ts'
import type { ServiceAnswer } from './operations.ts'
import { isObject, ServiceError } from './service-error.ts'

/** A listening server; closing it cuts open connections. */
export interface SimulatorServer {
  readonly endpoint: string
  close(): Promise<void>
}

/** What is served. */
export interface HttpService {
  readonly clock: Clock
  /** Requests whose signing date differs more than this from the clock are refused; undefined: never. */
  readonly settings: { readonly maxSkewMs: number | undefined }
  /** Does what a request asks for; `target` is the value of `x-amz-target`. Throws ServiceError. */
  readonly perform: (target: string, request: SimulatedRequest, fault: Fault | undefined) => ServiceAnswer
}

/** Serves JSON requests on a free port of the loopback interface. `onRequest` sees each before it is answered. */
export async function startServer(
  service: HttpService,
  faults: FaultSource,
  onRequest: (request: SimulatedRequest) => void,
): Promise<SimulatorServer> {
  const server = createServer({ keepAliveTimeout: 60_000, noDelay: true }, (incoming, response) => {
    serve({ service, faults, onRequest }, incoming, response).catch(() => {
      // The caller has gone away in the middle; there is nobody to tell.
      response.destroy()
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the simulator has no port')
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

interface Served {
  readonly service: HttpService
  readonly faults: FaultSource
  readonly onRequest: (request: SimulatedRequest) => void
}

async function serve(
  { service, faults, onRequest }: Served,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) if (Buffer.isBuffer(chunk)) chunks.push(chunk)
  const target = String(incoming.headers['x-amz-target'] ?? '')
  let fault: Fault | undefined
  let answer: ServiceAnswer
  try {
    const request = readRequest(target, incoming, Buffer.concat(chunks).toString())
    onRequest(request)
    requireFreshSignature(service, incoming)
    fault = faults.next(request)
    answer = service.perform(target, request, fault)
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    answer = errorAnswer(400, error.type, error.message)
  }
  await send(service, response, answer, fault)
}

function readRequest(target: string, incoming: IncomingMessage, text: string): SimulatedRequest {
  const credential = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/.*SignedHeaders=.*Signature=[0-9a-f]{64}$/.exec(
    incoming.headers.authorization ?? '',
  )
  if (credential?.[1] === undefined) {
    throw new ServiceError(
      'MissingAuthenticationTokenException',
      'Request must contain either a valid (registered) AWS access key ID or X.509 certificate.',
    )
  }
  const body: unknown = text === '' ? {} : JSON.parse(text)
  if (!isObject(body)) throw new ServiceError('SerializationException', 'The body is not an object')
  return { action: target.slice(target.indexOf('.') + 1), body, accessKeyId: credential[1] }
}

function requireFreshSignature({ settings, clock }: HttpService, incoming: IncomingMessage): void {
  const { maxSkewMs } = settings
  if (maxSkewMs === undefined) return
  const text = String(incoming.headers['x-amz-date'] ?? '')
  const signedAt = Date.parse(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
  if (Math.abs(signedAt - clock.now()) <= maxSkewMs) return
  const isBehind = signedAt < clock.now()
  throw new ServiceError(
    'InvalidSignatureException',
    isBehind
      ? `Signature expired: ${text} is now earlier than allowed`
      : `Signature not yet current: ${text} is still later than allowed`,
  )
}

async function send(
  { clock }: HttpService,
  response: ServerResponse,
  answer: ServiceAnswer,
  fault: Fault | undefined,
): Promise<void> {
  const full = Buffer.from(answer.text)
  const body = fault?.kind === 'truncated-json' ? full.subarray(0, full.length >> 1) : full
  const checksum = fault?.kind === 'wrong-checksum' ? crc32(body) ^ 1 : crc32(body)
  if (fault?.kind === 'reset') {
    response.socket?.resetAndDestroy()
    return
  }
  if (fault?.kind === 'slow') await clock.sleep(fault.beforeMs)
  response.writeHead(answer.statusCode, {
    'content-type': fault?.kind === 'html' ? 'text/html' : 'application/x-amz-json-1.0',
    'content-length': body.length,
    'x-amzn-requestid': `simulated-${answer.statusCode}`,
    date: new Date(clock.now()).toUTCString(),
    // A truncation on the way is noticed by the checksum or, without one, by the parser.
    ...(fault?.kind === 'html' || fault?.kind === 'truncated-json' ? {} : { 'x-amz-crc32': String(checksum >>> 0) }),
  })
  if (fault?.kind === 'cut-off') {
    response.write(body.subarray(0, body.length >> 1), () => response.socket?.destroy())
    return
  }
  if (fault?.kind === 'slow') await writeSlowly(clock, response, body, fault)
  response.end(fault?.kind === 'slow' ? undefined : body)
}

async function writeSlowly(
  clock: Clock,
  response: ServerResponse,
  body: Buffer,
  fault: Extract<Fault, { readonly kind: 'slow' }>,
): Promise<void> {
  const pieces = fault.pieces ?? 1
  const size = Math.ceil(body.length / pieces)
  for (let at = 0; at < body.length && !response.destroyed; at += size) {
    response.write(body.subarray(at, at + size))
    if (at + size < body.length) await clock.sleep(fault.betweenMs ?? 0)
  }
}
