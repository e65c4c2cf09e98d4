import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { roles } from '../access/principal.ts'
import type { Principal } from '../access/principal.ts'

/** What a token speaks of. */
export interface ForwardedCall {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly body: Uint8Array
  readonly hops: number
}

/** Tokens hold for a minute, as far as the clocks of two processes agree. */
const maximumAgeMs = 60_000

/**
 * Says who is behind a forwarded request, so that a certificate, which cannot be forwarded, counts at the leader, too. Signed
 * with a key that all processes of the service have; good for this call only.
 */
export function signForward(call: ForwardedCall, principal: Principal, key: Uint8Array, nowMs: number): string {
  const head = Buffer.from(JSON.stringify([nowMs, principal.role, principal.name])).toString('base64url')
  return `v1.${head}.${signature(call, head, key).toString('base64url')}`
}

/** Who is behind a forwarded request; undefined if the token was made for another call, with another key, or long ago. */
export function readForward(token: string, call: ForwardedCall, key: Uint8Array, nowMs: number): Principal | undefined {
  const [, head = '', given = ''] = /^v1\.([\w-]{1,2000})\.([\w-]{43})$/.exec(token) ?? []
  const expected = signature(call, head, key)
  const bytes = Buffer.from(given, 'base64url')
  if (bytes.length !== expected.length || !timingSafeEqual(bytes, expected)) return undefined
  const [madeAtMs, roleText, name]: readonly unknown[] = JSON.parse(Buffer.from(head, 'base64url').toString('utf8'))
  const role = roles.find((each) => each === roleText)
  if (role === undefined || typeof name !== 'string' || typeof madeAtMs !== 'number') return undefined
  return Math.abs(nowMs - madeAtMs) <= maximumAgeMs ? { name, role } : undefined
}

function signature({ method, path, body, hops }: ForwardedCall, head: string, key: Uint8Array): Buffer {
  const digest = createHash('sha256').update(body).digest('hex')
  return createHmac('sha256', key)
    .update(JSON.stringify(['tailrace forward v1', method, path, digest, hops, head]))
    .digest()
}
