import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemClock } from '../../src/async/system-clock.ts'
import type { JsonObject } from '../../src/aws/json-object.ts'

/** The part of Lambda's API that says how streams are handed over, in memory; moto lacks pages, aliases and refusals. */
export interface LambdaApiDouble extends AsyncDisposable {
  readonly endpoint: string
  /** Path and query of each request, in order. */
  readonly calls: readonly string[]
  /** As `CreateEventSourceMapping` does, with what Lambda fills in. */
  map(settings: JsonObject): void
  /** Changes settings of every mapping. */
  update(settings: JsonObject): void
  /** Configurations by name; a function that is only mapped has none. */
  define(functionName: string, settings: JsonObject): void
  /** From now on requests are answered by this, or by nothing at all while it leaves them open; undefined: by Lambda again. */
  answerWith(fault: LambdaFault | undefined): void
  /** Each answer takes so long. */
  delay(ms: number): void
}

export type LambdaFault = (response: ServerResponse) => void

/** How many mappings one page holds; AWS has 100. */
const pageSize = 3

/** Listens on a free port of the loopback interface. */
export async function startLambdaApiDouble(): Promise<LambdaApiDouble> {
  const calls: string[] = []
  const mappings: JsonObject[] = []
  const functions = new Map<string, JsonObject>()
  let fault: LambdaFault | undefined
  let delayMs = 0
  const server = createServer((request, response) => {
    void (async () => {
      calls.push(request.url ?? '')
      if (delayMs > 0) await systemClock.sleep(delayMs)
      if (fault !== undefined) fault(response)
      else answer(request, response)
    })()
  })
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost')
    if (request.method !== 'GET' || !(request.headers.authorization ?? '').includes('/lambda/aws4_request'))
      return lambdaRefusal('IncompleteSignatureException', 'not signed for lambda', 403)(response)
    if (pathname === '/2015-03-31/event-source-mappings') return send(response, pageOf(searchParams))
    const name = /^\/2015-03-31\/functions\/([^/]+)\/configuration$/.exec(pathname)?.[1]
    const found = functions.get(nameOf(decodeURIComponent(name ?? '')))
    if (found === undefined) return lambdaRefusal('ResourceNotFoundException', 'Function not found', 404)(response)
    send(response, found)
  }
  const pageOf = (query: URLSearchParams): JsonObject => {
    const stream = query.get('EventSourceArn')
    const named = query.get('FunctionName')
    const start = Number(query.get('Marker') ?? 0)
    const own = mappings.filter(
      (one) =>
        (stream === null || one['EventSourceArn'] === stream) &&
        (named === null || named === one['FunctionArn'] || named === nameOf(String(one['FunctionArn']))),
    )
    const next = start + pageSize < own.length ? { NextMarker: String(start + pageSize) } : {}
    return { EventSourceMappings: own.slice(start, start + pageSize), ...next }
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    map: (settings) => void mappings.push({ ...newMapping(mappings.length + 1), ...settings }),
    update: (settings) => void mappings.splice(0, mappings.length, ...mappings.map((one) => ({ ...one, ...settings }))),
    define: (functionName, settings) => void functions.set(functionName, { FunctionName: functionName, ...settings }),
    answerWith: (next) => (fault = next),
    delay: (ms) => (delayMs = ms),
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

/** An error as Lambda answers it: its type is in a header. */
export function lambdaRefusal(type: string, message: string, status: number): LambdaFault {
  return (response) =>
    void response
      .writeHead(status, { 'content-type': 'application/json', 'x-amzn-errortype': type })
      .end(JSON.stringify({ Type: 'User', message }))
}

function send(response: ServerResponse, body: JsonObject): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** As the API shows a mapping of a stream for which nothing else was said. */
function newMapping(count: number): JsonObject {
  return {
    UUID: `00000000-0000-0000-0000-${String(count).padStart(12, '0')}`,
    State: 'Enabled',
    LastProcessingResult: 'OK',
    StartingPosition: 'TRIM_HORIZON',
    BatchSize: 100,
    MaximumBatchingWindowInSeconds: 0,
    ParallelizationFactor: 1,
    MaximumRetryAttempts: -1,
    MaximumRecordAgeInSeconds: -1,
    BisectBatchOnFunctionError: false,
    TumblingWindowInSeconds: 0,
    FunctionResponseTypes: [],
    DestinationConfig: { OnFailure: {} },
    StateTransitionReason: 'User action',
  }
}

/** Of a name or an ARN, without a version. */
function nameOf(text: string): string {
  return /function:([^:]+)/.exec(text)?.[1] ?? text
}
