import { Hono } from 'hono'
import type { Context } from 'hono'
import type { Clock } from '../../../async/clock.ts'
import { inTime } from '../../../async/in-time.ts'
import type { TimeLimit } from '../../../async/in-time.ts'
import { TailraceError } from '../../../errors.ts'
import { asError } from '../../../observe/logger.ts'
import type { Logger } from '../../../observe/logger.ts'
import type { Subject } from '../access/access-list.ts'
import type { AuditLog } from '../access/audit-log.ts'
import type { Authenticator } from '../access/authenticator.ts'
import { mayAct } from '../access/principal.ts'
import type { Principal } from '../access/principal.ts'
import { refusedRequest } from '../access/request-guard.ts'
import type { GuardOptions } from '../access/request-guard.ts'
import type { MonitoringSources } from '../monitoring-answers.ts'
import { allowOrigins } from './allow-origins.ts'
import { auditEntryOf } from './audit-request.ts'
import { awaitLeader } from './await-leader.ts'
import type { ConnectService, Leadership } from './connect-service.ts'
import { failureOf } from './failure-status.ts'
import type { Failure } from './failure-status.ts'
import { disbelief, forwardedPrincipal, forwardRequest, hopsOf, targetOf, tokenHeader } from './forwarding.ts'
import type { Forwarding, IncomingCall } from './forwarding.ts'
import { handOn } from './hand-on.ts'
import { addMonitoringRoutes } from './monitoring-routes.ts'
import { revisionHeader } from './revisions.ts'
import type { Revisions } from './revisions.ts'
import { failed, forwarded, replied } from './responses.ts'
import { isJsonType, readBytes, readJson } from './read-body.ts'
import type { Reply, RequestBody, Route } from './route.ts'
import { routes } from './routes.ts'

/** What the REST API is made of. */
export interface RestOptions {
  readonly service: ConnectService
  readonly leadership: Leadership
  readonly forwarding: Forwarding
  /** So that whoever asked one process for a change finds it there, although another one has made it. Default: nobody waits. */
  readonly revisions?: Revisions | undefined
  readonly authenticator: Authenticator
  readonly guard: GuardOptions
  readonly audit: AuditLog
  /** Serves `/metrics`, `/livez` and `/readyz`, too. Default: they are not there. */
  readonly monitoring?: MonitoringSources | undefined
  readonly clock: Clock
  readonly logger: Logger
  /** Takes secrets out of what callers are told of a failure. Default: nothing is hidden. */
  readonly hide?: ((text: string) => string) | undefined
  /** Aborts when the server closes: requests that wait then fail. */
  readonly signal: AbortSignal
}

/** What is known of a request besides itself. */
export interface ConnectionFacts {
  readonly address: string
  /** Of the client's certificate, if it was verified. */
  readonly subject: Subject | undefined
  /** True if nobody waits for an answer any more. */
  readonly hasHungUp: () => Promise<boolean>
}

/** The application that answers; `fetch` takes the facts of the connection beside each request. */
export type RestApp = Hono<{ Bindings: ConnectionFacts }>

/** How long one request may take where it is answered, as in Connect. */
const whole: TimeLimit = { ms: 90_000, late: () => new TailraceError('REQUEST_TIMED_OUT', 'Request timed out') }

/**
 * The REST API over a service. Every answer that is no success has Connect's shape. A request passes, in this order: hosts and
 * origins, the length of its body, who it is, what that may do, what the body holds, who answers it.
 */
export function createRestApp(options: RestOptions): RestApp {
  const app: RestApp = new Hono<{ Bindings: ConnectionFacts }>({ strict: false })
  app.use(allowOrigins(options.guard))
  if (options.monitoring !== undefined)
    addMonitoringRoutes(app, options.monitoring, (route, context) => watcherRefusal(route, { context, options }))
  app.use(async (context, next) => {
    const refusal = refusedRequest(context.req.raw.headers, options.guard)
    if (refusal === undefined) return next()
    const response = failed({ status: 403, message: refusal })
    return audited({ principal: undefined, isForwarded: false, response }, { context, options })
  })
  const paths = Map.groupBy(routes, ({ path }) => path)
  for (const [path, ofPath] of paths) {
    for (const route of ofPath) app.on(route.method, path, (context) => answer(route, context, options))
    const allowed = allowedMethods(ofPath)
    app.all(path, (context) =>
      context.req.method === 'OPTIONS'
        ? new Response(null, { status: 200, headers: { allow: allowed } })
        : failed({ status: 405, message: 'HTTP 405 Method Not Allowed' }, { allow: allowed }),
    )
  }
  app.notFound(() => failed({ status: 404, message: 'HTTP 404 Not Found' }))
  app.onError((error) => failed(told(error, options, undefined)))
  return app
}

/** Why somebody may not watch. A probe that is not recognised is no failed attempt, and the audit log is not told. */
async function watcherRefusal(route: Route, around: Around): Promise<Response | undefined> {
  const { context, options } = around
  const { method, headers } = context.req.raw
  const guarded = refusedRequest(headers, options.guard)
  if (guarded !== undefined) return failed({ status: 403, message: guarded })
  const call: IncomingCall = { method, path: route.path, headers, body: Buffer.alloc(0) }
  const admission = await admitted(route, call, around)
  const { refusal } = admission
  if (refusal === undefined || route.path !== '/metrics') return refusal
  return audited({ ...admission, response: refusal, route }, around)
}

function allowedMethods(ofPath: readonly Route[]): string {
  const methods = ofPath.map(({ method }) => method)
  return [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ')
}

type RestContext = Context<{ Bindings: ConnectionFacts }>

interface Around {
  readonly context: RestContext
  readonly options: RestOptions
}

async function answer(route: Route, context: RestContext, options: RestOptions): Promise<Response> {
  const around: Around = { context, options }
  if (!acceptsJson(context.req.header('accept'))) return failed({ status: 406, message: 'HTTP 406 Not Acceptable' })
  const bytes = await readBytes(context.req.raw, options.clock)
  if ('status' in bytes) return failed(bytes, { connection: 'close' })
  const url = new URL(context.req.url)
  const { method, headers } = context.req.raw
  const call: IncomingCall = { method, path: url.pathname + url.search, headers, body: bytes }
  const admission = await admitted(route, call, around)
  if (admission.refusal !== undefined) return audited({ ...admission, response: admission.refusal, route }, around)
  const body = bodyOf(route, call)
  if (body !== undefined && 'status' in body) return audited({ ...admission, response: failed(body), route }, around)
  const response = await carriedOut(route, { call, url, body, principal: admission.principal }, around)
  return audited({ ...admission, response, route, body }, around)
}

function bodyOf(route: Route, { body, headers }: IncomingCall): RequestBody | Failure | undefined {
  if (body.length > 0 && !isJsonType(headers.get('content-type')))
    return { status: 415, message: 'HTTP 415 Unsupported Media Type' }
  return route.takesBody ? readJson(body) : undefined
}

/** Who makes the request; with a refusal if that may not use the route, or if nobody was recognised. */
type Admission = { readonly isForwarded: boolean } & (
  | { readonly principal: Principal; readonly refusal?: undefined }
  | { readonly principal: Principal | undefined; readonly refusal: Response }
)

async function admitted(route: Route, call: IncomingCall, { context, options }: Around): Promise<Admission> {
  if (route.role === 'anyone') return { isForwarded: false, principal: { name: 'anonymous', role: 'viewer' } }
  const { address, subject } = context.env
  const authorization = call.headers.get('authorization') ?? undefined
  const { tokens } = options.forwarding
  const behind = forwardedPrincipal(call, tokens)
  // Anybody can send the header that counts hops.
  const isForwarded = tokens === undefined ? hopsOf(call) > 0 : behind !== undefined
  const found =
    behind === undefined
      ? await options.authenticator.authenticate({ authorization, subject, address })
      : { principal: behind }
  if (!('principal' in found)) {
    if (authorization === undefined && call.headers.has(tokenHeader))
      return { isForwarded, principal: undefined, refusal: failed(failureOf(disbelief())) }
    const header: Readonly<Record<string, string>> =
      found.status === 429
        ? { 'retry-after': String(Math.ceil(found.retryAfterMs / 1000)) }
        : { 'www-authenticate': 'Basic realm="tailrace", charset="UTF-8"' }
    return { isForwarded, principal: undefined, refusal: failed(found, header) }
  }
  const { principal } = found
  if (mayAct(principal.role, route.role)) return { isForwarded, principal }
  return { isForwarded, principal, refusal: failed({ status: 403, message: `this needs the role ${route.role}` }) }
}

const abandoned: Failure = { status: 409, message: 'Cannot complete request: whoever asked has hung up' }

interface Call {
  readonly call: IncomingCall
  readonly url: URL
  readonly body: RequestBody | undefined
  readonly principal: Principal
}

async function carriedOut(route: Route, { call, url, body, principal }: Call, around: Around): Promise<Response> {
  const { context, options } = around
  // A process that stood still finds what others have given up, and have answered otherwise since.
  if (route.method !== 'GET' && (await context.env.hasHungUp())) return failed(abandoned)
  const by = typeof route.by === 'function' ? route.by(url.searchParams) : route.by
  const met = by === 'leader' ? await awaitLeader(options, hopsOf(call)) : undefined
  const target = met === undefined ? undefined : targetOf(call, met.leader)
  if (target !== undefined && 'status' in target) return failed(target)
  try {
    if (target === undefined) {
      const reply = await run(route, { url, body }, around)
      return replied(reply, url.origin, by === 'leader' ? revisionHeader(options.revisions) : {})
    }
    const request = forwardRequest(call, { ...target, principal }, options.forwarding)
    return forwarded(await handOn(request, target.url, { ...options, waitedMs: met?.waitedMs ?? 0 }), url.origin)
  } catch (error) {
    return failed(told(error, options, route, context))
  }
}

function run(
  route: Route,
  { url, body }: { readonly url: URL; readonly body: RequestBody | undefined },
  { context, options }: Around,
): Promise<Reply> {
  const param = (name: string): string => context.req.param(name) ?? ''
  return inTime(options.clock, whole, options.signal, (signal) =>
    route.run({ service: options.service, param, query: url.searchParams, body, signal }),
  )
}

/** What the caller is told; the log is told what the caller is not. */
function told(error: unknown, { logger, hide }: RestOptions, route: Route | undefined, context?: RestContext): Failure {
  const failure = failureOf(error)
  if (failure.status === 500)
    logger.error('a request failed', { error: asError(error), route: route?.path, method: context?.req.method })
  return hide === undefined ? failure : { ...failure, message: hide(failure.message) }
}

interface Audited {
  readonly principal: Principal | undefined
  readonly isForwarded: boolean
  readonly response: Response
  readonly route?: Route
  readonly body?: RequestBody | undefined
}

/** Writes the audit line of what changes something, and of what was refused. */
function audited({ response, ...request }: Audited, { context, options }: Around): Response {
  const { method } = context.req
  const { address } = context.env
  const param = (name: string): string | undefined => context.req.param(name)
  const entry = auditEntryOf({ ...request, method, address, param, status: response.status })
  if (entry !== undefined) options.audit(entry)
  return response
}

/** Everything is answered in JSON; who can't read it is told so. */
function acceptsJson(accept: string | undefined): boolean {
  if (accept === undefined || accept.trim() === '') return true
  return /(^|[\s,])(application\/json|application\/\*|\*\/\*|\*)\s*(;|,|$)/i.test(accept)
}
