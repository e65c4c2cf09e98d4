import { request } from 'undici'
import type { Clock } from '../async/clock.ts'
import type { Secret } from '../config/secret.ts'

/** A token is renewed when this much of its life is left, so that no server sees it expire. */
const renewAheadMs = 60_000
const timeoutMs = 10_000

/** Who asks for a token by OAuth 2's client-credentials grant, and where. */
export interface ClientCredentials {
  readonly tokenEndpoint: string
  readonly clientId: string
  readonly clientSecret: Secret
  readonly scope: string | undefined
}

/** A token, or why there is none. Neither the secret nor the endpoint's own words are part of it. */
export type TokenAnswer =
  | { readonly kind: 'token'; readonly token: string; readonly expiresAtMs: number }
  /** The message names the endpoint's host. */
  | { readonly kind: 'silent'; readonly message: string; readonly cause: unknown }
  | { readonly kind: 'refused'; readonly message: string; readonly status: number }

/** Asks once. Rejects only with the signal's reason. */
export async function requestToken(
  credentials: ClientCredentials,
  clock: Clock,
  signal?: AbortSignal,
): Promise<TokenAnswer> {
  const { tokenEndpoint, clientId, clientSecret, scope } = credentials
  const { host } = new URL(tokenEndpoint)
  const form = new URLSearchParams({ grant_type: 'client_credentials' })
  if (scope !== undefined) form.set('scope', scope)
  const basic = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret.reveal())}`)
  let status: number
  let body: unknown
  try {
    const answer = await request(tokenEndpoint, {
      method: 'POST',
      headers: {
        authorization: `Basic ${basic.toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: form.toString(),
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      signal: signal ?? null,
    })
    status = answer.statusCode
    // An error of a proxy is no JSON; its status says enough.
    body = status === 200 ? await answer.body.json() : await answer.body.dump()
  } catch (cause) {
    signal?.throwIfAborted()
    return { kind: 'silent', message: `the token endpoint ${host} did not answer`, cause }
  }
  const token = readToken(body)
  if (token === undefined) {
    return { kind: 'refused', message: `the token endpoint ${host} gave no token (status ${status})`, status }
  }
  return { kind: 'token', token: token.token, expiresAtMs: clock.now() + token.seconds * 1000 }
}

/** True as long as nobody will see the token expire. */
export function isFresh({ expiresAtMs }: { readonly expiresAtMs: number }, clock: Clock): boolean {
  return expiresAtMs - renewAheadMs > clock.now()
}

function readToken(body: unknown): { readonly token: string; readonly seconds: number } | undefined {
  if (typeof body !== 'object' || body === null || !('access_token' in body)) return undefined
  if (typeof body.access_token !== 'string') return undefined
  const seconds = 'expires_in' in body ? Number(body.expires_in) : 300
  return { token: body.access_token, seconds: Number.isFinite(seconds) ? seconds : 300 }
}
