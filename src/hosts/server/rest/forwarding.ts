import type { Clock } from '../../../async/clock.ts'
import type { Principal } from '../access/principal.ts'
import type { Leader } from './connect-service.ts'
import type { Failure } from './failure-status.ts'
import { readForward, signForward } from './forward-token.ts'

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
  /** What all processes of the service sign with; undefined where nobody is asked who it is. */
  readonly key: Uint8Array | undefined
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
export function forwardedPrincipal(
  call: IncomingCall,
  key: Uint8Array | undefined,
  clock: Clock,
): Principal | undefined {
  const token = call.headers.get(tokenHeader)
  if (token === null || key === undefined) return undefined
  return readForward(token, { ...call, hops: hopsOf(call) }, key, clock.now())
}

/** Where a call must go; undefined if it can be answered here. */
export function targetOf(call: IncomingCall, leader: Leader): { readonly url: string } | Failure | undefined {
  if (leader.kind === 'self') return undefined
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
  return { url: leader.url }
}

/** The request that hands a call on. */
export function forwardRequest(
  call: IncomingCall,
  to: { readonly url: string; readonly principal: Principal },
  { key }: Forwarding,
  clock: Clock,
): ForwardRequest {
  const hops = hopsOf(call) + 1
  const names = ['authorization', 'content-type', 'accept']
  const kept = names.flatMap((name) => {
    const value = call.headers.get(name)
    return value === null ? [] : [[name, value] as const]
  })
  const token =
    key === undefined ? {} : { [tokenHeader]: signForward({ ...call, hops }, to.principal, key, clock.now()) }
  return {
    url: `${to.url.replace(/\/$/, '')}${call.path}`,
    method: call.method,
    headers: { ...Object.fromEntries(kept), [hopsHeader]: String(hops), ...token },
    body: call.body,
  }
}
