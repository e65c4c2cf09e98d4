import { createHash, createHmac, randomUUID, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../../../async/clock.ts'
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

/**
 * Says who is behind forwarded requests, so that a certificate, which cannot be forwarded, counts at the leader, too. A token is
 * good for one call to one process, once: whoever has listened can do nothing with it.
 */
export interface ForwardTokens {
  /** `to` is the `ProcessReport.process` that is asked. */
  sign(call: ForwardedCall, principal: Principal, to: string): string
  /** Who is behind the call; undefined if the token was made for another call or process, with another key, long ago, or was used. */
  read(token: string, call: ForwardedCall): Principal | undefined
}

/** Tokens hold for a minute, as far as the clocks of two processes agree. */
const maximumAgeMs = 60_000

/** `key` is that of all processes of the service, `self` this one. Remembers, for as long as tokens hold, those that were used. */
export function createForwardTokens(options: {
  readonly key: Uint8Array
  readonly self: string
  readonly clock: Clock
}): ForwardTokens {
  const { key, self, clock } = options
  /** By signature: when the token was made. */
  const used = new Map<string, number>()
  return {
    sign: (call, { role, name }, to) => {
      const head = Buffer.from(JSON.stringify([clock.now(), role, name, randomUUID()])).toString('base64url')
      return `v1.${head}.${signature(call, { head, to, key }).toString('base64url')}`
    },
    read: (token, call) => {
      const [, head = '', given = ''] = /^v1\.([\w-]{1,2000})\.([\w-]{43})$/.exec(token) ?? []
      const expected = signature(call, { head, to: self, key })
      const bytes = Buffer.from(given, 'base64url')
      if (bytes.length !== expected.length || !timingSafeEqual(bytes, expected)) return undefined
      const nowMs = clock.now()
      const made = readHead(head)
      if (made === undefined || !isYoung(made.atMs, nowMs)) return undefined
      for (const [text, atMs] of used) if (!isYoung(atMs, nowMs)) used.delete(text)
      const name = expected.toString('base64url')
      if (used.has(name)) return undefined
      used.set(name, made.atMs)
      return made.principal
    },
  }
}

function isYoung(atMs: number, nowMs: number): boolean {
  return Math.abs(nowMs - atMs) <= maximumAgeMs
}

function readHead(head: string): { readonly atMs: number; readonly principal: Principal } | undefined {
  const [atMs, roleText, name]: readonly unknown[] = JSON.parse(Buffer.from(head, 'base64url').toString('utf8'))
  const role = roles.find((each) => each === roleText)
  if (role === undefined || typeof name !== 'string' || typeof atMs !== 'number') return undefined
  return { atMs, principal: { name, role } }
}

interface Signing {
  readonly head: string
  readonly to: string
  readonly key: Uint8Array
}

function signature({ method, path, body, hops }: ForwardedCall, { head, to, key }: Signing): Buffer {
  const digest = createHash('sha256').update(body).digest('hex')
  return createHmac('sha256', key)
    .update(JSON.stringify(['tailrace forward v1', to, method, path, digest, hops, head]))
    .digest()
}
