import { TailraceError } from '../../../errors.ts'
import type { Principal } from '../access/principal.ts'
import type { Leader } from './connect-service.ts'
import { lastingFailure } from './failure-status.ts'
import type { Failure } from './failure-status.ts'
import type { ForwardTokens } from './forward-token.ts'

/** How often the request was handed on by processes of the service. */
export const hopsHeader = 'x-tailrace-forwarded'
/** Who is behind it. */
export const tokenHeader = 'x-tailrace-forward-token'

/** The revision of the service's state behind a change. */
export const revisionName = 'x-tailrace-revision'

/** A leader may have changed once on the way; whoever is asked after that gives up. */
const maximumHops = 2

/** A request to another process of the service. */
export interface ForwardRequest {
  readonly url: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** What it answered. */
export interface ForwardAnswer {
  readonly status: number
  readonly contentType: string | undefined
  readonly location: string | undefined
  /** The state of the service that holds what was done; see `Revisions`. */
  readonly revision?: number | undefined
  readonly body: Uint8Array
}

/** Sends one request, once. Rejects if no answer came; then it is not known whether the request had an effect. */
export type SendForward = (request: ForwardRequest, signal: AbortSignal) => Promise<ForwardAnswer>

/** What forwarding is done with. */
export interface Forwarding {
  readonly send: SendForward
  /** Undefined where nobody is asked who it is. */
  readonly tokens: ForwardTokens | undefined
}

/** A request that came in, as far as forwarding sees it. */
export interface IncomingCall {
  readonly method: string
  readonly path: string
  readonly headers: Headers
  readonly body: Buffer
}

/** How often the call was handed on; a header that is none counts as too often. */
export function hopsOf({ headers }: IncomingCall): number {
  const text = headers.get(hopsHeader)
  if (text === null) return 0
  return /^\d$/.test(text) ? Number(text) : maximumHops
}

/** Who another process says is behind the call; undefined if none does, or if it cannot be believed. */
export function forwardedPrincipal(call: IncomingCall, tokens: ForwardTokens | undefined): Principal | undefined {
  const token = call.headers.get(tokenHeader)
  return token === null ? undefined : tokens?.read(token, { ...call, hops: hopsOf(call) })
}

/** What a process says that does not believe another one: who asked cannot mend it, and has shown the right credentials. */
export function disbelief(): TailraceError {
  return new TailraceError(
    'FORWARD_UNBELIEVED',
    'the process that leads does not believe the one that has handed this request on: all processes must have the same ' +
      'rest.forward.secret, and their clocks must agree to within a minute',
  )
}

/** Another process of the service. */
export interface ForwardTarget {
  readonly url: string
  /** `ProcessReport.process`. */
  readonly process: string
}

/** Where a call must go; undefined if it can be answered here. */
export function targetOf(call: IncomingCall, leader: Leader): ForwardTarget | Failure | undefined {
  if (leader.kind === 'self') return undefined
  if (leader.kind === 'none' && leader.trouble !== undefined) return lastingFailure(leader.trouble)
  if (leader.kind === 'none')
    return {
      status: 409,
      message:
        'Cannot complete request momentarily due to no known leader URL, likely because a rebalance was underway.',
    }
  if (hopsOf(call) >= maximumHops)
    return {
      status: 409,
      message: 'Cannot complete request because of a conflicting operation (e.g. worker rebalance)',
    }
  return { url: leader.url, process: leader.process }
}

/**
 * What is handed on of a call's headers. Credentials are not: where the other process is reached is what a topic says, and the token tells
 * who is behind the call.
 */
const keptHeaders = ['content-type', 'accept']

/** The request that hands a call on. */
export function forwardRequest(
  call: IncomingCall,
  to: ForwardTarget & { readonly principal: Principal },
  { tokens }: Pick<Forwarding, 'tokens'>,
): ForwardRequest {
  const hops = hopsOf(call) + 1
  const kept = keptHeaders.flatMap((name) => {
    const value = call.headers.get(name)
    return value === null ? [] : [[name, value] as const]
  })
  const token = tokens === undefined ? {} : { [tokenHeader]: tokens.sign({ ...call, hops }, to.principal, to.process) }
  return {
    url: `${to.url.replace(/\/$/, '')}${call.path}`,
    method: call.method,
    headers: { ...Object.fromEntries(kept), [hopsHeader]: String(hops), ...token },
    body: call.body,
  }
}
