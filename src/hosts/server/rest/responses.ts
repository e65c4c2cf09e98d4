import type { Failure } from './failure-status.ts'
import type { ForwardAnswer } from './forwarding.ts'
import type { Reply } from './route.ts'

/** What every answer says: nobody keeps it, and nobody guesses what it is. */
const always = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }
const json = { ...always, 'content-type': 'application/json' }

/** An error as Connect says it. */
export function failed({ status, message }: Failure, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify({ error_code: status, message }), { status, headers: { ...json, ...headers } })
}

/** What a route replied to somebody who called it by `origin`, with what other processes are told besides. */
export function replied(
  { status, body, location }: Reply,
  origin: string,
  more: Readonly<Record<string, string>> = {},
): Response {
  const place: Readonly<Record<string, string>> = {
    ...more,
    ...(location === undefined ? {} : { location: placed(location, origin) }),
  }
  if (body === undefined) return new Response(null, { status, headers: { ...always, ...place } })
  return new Response(JSON.stringify(body), { status, headers: { ...json, ...place } })
}

/** What another process answered; what was made is found here, too. */
export function forwarded({ status, contentType, location, body }: ForwardAnswer, origin: string): Response {
  const headers = {
    ...always,
    ...(contentType === undefined ? {} : { 'content-type': contentType }),
    ...(location === undefined ? {} : { location: placed(location, origin) }),
  }
  return new Response(body.length === 0 ? null : Buffer.from(body), { status, headers })
}

/** Connect names places by whole URLs, of the host that was called. */
function placed(location: string, origin: string): string {
  return `${origin}${new URL(location, origin).pathname}`
}
