import { Hono } from 'hono'
import type { Context } from 'hono'
import { withDeadline } from '../../../async/clock.ts'
import type { Clock } from '../../../async/clock.ts'
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
import { awaitLeader } from './await-leader.ts'
import type { ConnectService, Leadership } from './connect-service.ts'
import { failureOf } from './failure-status.ts'
import type { Failure } from './failure-status.ts'
import { forwardedPrincipal, forwardRequest, hopsOf, targetOf } from './forwarding.ts'
import type { Forwarding, IncomingCall } from './forwarding.ts'
import { addMonitoringRoutes } from './monitoring-routes.ts'
import { catchUp, revisionHeader } from './revisions.ts'
import type { Revisions } from './revisions.ts'
import { failed, forwarded, replied } from './responses.ts'
import { isJsonType, readBytes, readJson } from './read-body.ts'
import { shown } from './request-values.ts'
import type { Reply, RequestBody, Route } from './route.ts'
import { routes } from './routes.ts'
import { whileLeading } from './while-leading.ts'

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
}

/** The application that answers; `fetch` takes the facts of the connection beside each request. */
export type RestApp = Hono<{ Bindings: ConnectionFacts }>

/** How long one request may take, as in Connect. */
const timeoutMs = 90_000

/**
 * The REST API over a service. Every answer that is no success has Connect's shape. A request passes, in this order: hosts and
 * origins, the length of its body, who it is, what that may do, what the body holds, who answers it.
 */
export function createRestApp(options: RestOptions): RestApp {
  const app: RestApp = new Hono<{ Bindings: ConnectionFacts }>({ strict: false })
  if (options.monitoring !== undefined)
    addMonitoringRoutes(app, options.monitoring, (route, context) => watcherRefusal(route, { context, options }))
  app.use(async (context, next) => {
    const refusal = refusedRequest(context.req.raw.headers, options.guard)
    if (refusal === undefined) return next()
    return audited(undefined, failed({ status: 403, message: refusal }), { context, options })
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
  const { principal, refusal } = await admitted(route, call, around)
  if (refusal === undefined || route.path !== '/metrics') return refusal
  return audited(principal, refusal, around, route)
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
  const { principal, refusal } = await admitted(route, call, around)
  const response = refusal ?? (await carriedOut(route, { call, url, principal }, around))
  return audited(principal, response, around, route)
}

/** Who makes the request; with a refusal if that may not use the route, or if nobody was recognised. */
type Admission =
  | { readonly principal: Principal; readonly refusal?: undefined }
  | { readonly principal: Principal | undefined; readonly refusal: Response }

async function admitted(route: Route, call: IncomingCall, { context, options }: Around): Promise<Admission> {
  if (route.role === 'anyone') return { principal: { name: 'anonymous', role: 'viewer' } }
  const { address, subject } = context.env
  const authorization = call.headers.get('authorization') ?? undefined
  const behind = forwardedPrincipal(call, options.forwarding.tokens)
  const found =
    behind === undefined
      ? await options.authenticator.authenticate({ authorization, subject, address })
      : { principal: behind }
  if (!('principal' in found)) {
    const header: Readonly<Record<string, string>> =
      found.status === 429
        ? { 'retry-after': String(Math.ceil(found.retryAfterMs / 1000)) }
        : { 'www-authenticate': 'Basic realm="tailrace", charset="UTF-8"' }
    return { principal: undefined, refusal: failed(found, header) }
  }
  const { principal } = found
  if (mayAct(principal.role, route.role)) return { principal }
  return { principal, refusal: failed({ status: 403, message: `this needs the role ${route.role}` }) }
}

interface Call {
  readonly call: IncomingCall
  readonly url: URL
  readonly principal: Principal
}

async function carriedOut(route: Route, { call, url, principal }: Call, around: Around): Promise<Response> {
  const { context, options } = around
  if (call.body.length > 0 && !isJsonType(call.headers.get('content-type')))
    return failed({ status: 415, message: 'HTTP 415 Unsupported Media Type' })
  const body = route.takesBody ? readJson(call.body) : undefined
  if (body !== undefined && 'status' in body) return failed(body)
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
    const answer = await inTime(options, (signal) =>
      whileLeading(options, target.url, (scope) => options.forwarding.send(request, scope), signal),
    )
    await catchUp(answer, options, met?.waitedMs)
    return forwarded(answer, url.origin)
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
  return inTime(options, (signal) =>
    route.run({ service: options.service, param, query: url.searchParams, body, signal }),
  )
}

async function inTime<T>({ clock, signal }: RestOptions, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const deadline = new AbortController()
  const late = (): TailraceError => {
    const error = new TailraceError('REQUEST_TIMED_OUT', 'Request timed out')
    deadline.abort(error)
    return error
  }
  return withDeadline(clock, timeoutMs, work(AbortSignal.any([signal, deadline.signal])), late)
}

/** What the caller is told; the log is told what the caller is not. */
function told(error: unknown, { logger, hide }: RestOptions, route: Route | undefined, context?: RestContext): Failure {
  const failure = failureOf(error)
  if (failure.status === 500)
    logger.error('a request failed', { error: asError(error), route: route?.path, method: context?.req.method })
  return hide === undefined ? failure : { ...failure, message: hide(failure.message) }
}

/** Writes the audit line of what changes something, and of what was refused. */
function audited(
  principal: Principal | undefined,
  response: Response,
  { context, options }: Around,
  route?: Route,
): Response {
  const { method } = context.req
  const isRefused = response.status === 401 || response.status === 403 || response.status === 429
  if (isRefused || route?.takesBody === true || (route !== undefined && route.method !== 'GET')) {
    const connector = context.req.param('connector')
    options.audit({
      principal,
      address: context.env.address,
      method,
      route: route?.path,
      connector: connector === undefined ? undefined : shown(connector),
      status: response.status,
      isForwarded: hopsOf({ method, path: '', headers: context.req.raw.headers, body: Buffer.alloc(0) }) > 0,
    })
  }
  return response
}

/** Everything is answered in JSON; who can't read it is told so. */
function acceptsJson(accept: string | undefined): boolean {
  if (accept === undefined || accept.trim() === '') return true
  return /(^|[\s,])(application\/json|application\/\*|\*\/\*|\*)\s*(;|,|$)/i.test(accept)
}
