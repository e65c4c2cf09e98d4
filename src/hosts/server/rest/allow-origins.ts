import type { Env, MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'
import { refusedRequest } from '../access/request-guard.ts'
import type { GuardOptions } from '../access/request-guard.ts'

/** A browser asks again whether a page may call after this many seconds. */
const maxAge = 600

/**
 * Tells browsers that pages of the origins that are listed may read what is answered to them, and send passwords and tokens of their own. What a
 * browser asks before such a request (a preflight) shows nobody's credentials, so it is answered here. Everybody else is answered as if this were not.
 */
export function allowOrigins<E extends Env>(guard: GuardOptions): MiddlewareHandler<E> {
  const told = cors({
    origin: [...guard.origins],
    allowMethods: ['GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE'],
    allowHeaders: ['authorization', 'content-type'],
    exposeHeaders: ['location', 'retry-after'],
    maxAge,
  })
  return (context, next) => {
    const { headers } = context.req.raw
    const isListed = guard.origins.includes(headers.get('origin') ?? '')
    return isListed && refusedRequest(headers, guard) === undefined ? told(context, next) : next()
  }
}
