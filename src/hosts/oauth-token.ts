import { request } from 'undici'
import type { Clock } from '../async/clock.ts'
import type { OAuthSasl } from '../config/kafka-client-config.ts'
import { TailraceError } from '../errors.ts'

/** A token is renewed when this much of its life is left, so that no broker sees it expire. */
const renewAheadMs = 60_000

/**
 * Tokens by OAuth 2's client-credentials grant, remembered until a minute before they expire. Rejects with
 * KAFKA_AUTHENTICATION; neither the secret nor the endpoint's answer is part of the message.
 */
export function createOAuthToken(sasl: OAuthSasl, clock: Clock): () => Promise<string> {
  let known: { readonly token: string; readonly expiresAtMs: number } | undefined
  return async () => {
    if (known === undefined || known.expiresAtMs - renewAheadMs <= clock.now()) known = await fetchToken(sasl, clock)
    return known.token
  }
}

async function fetchToken(
  sasl: OAuthSasl,
  clock: Clock,
): Promise<{ readonly token: string; readonly expiresAtMs: number }> {
  const form = new URLSearchParams({ grant_type: 'client_credentials' })
  if (sasl.scope !== undefined) form.set('scope', sasl.scope)
  const basic = Buffer.from(`${encodeURIComponent(sasl.clientId)}:${encodeURIComponent(sasl.clientSecret.reveal())}`)
  let status: number
  let body: unknown
  try {
    const answer = await request(sasl.tokenEndpoint, {
      method: 'POST',
      headers: {
        authorization: `Basic ${basic.toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: form.toString(),
      headersTimeout: 10_000,
      bodyTimeout: 10_000,
    })
    status = answer.statusCode
    body = await answer.body.json()
  } catch (cause) {
    throw new TailraceError('KAFKA_AUTHENTICATION', `the token endpoint ${hostOf(sasl)} did not answer`, { cause })
  }
  const token = readToken(body)
  if (status !== 200 || token === undefined) {
    throw new TailraceError(
      'KAFKA_AUTHENTICATION',
      `the token endpoint ${hostOf(sasl)} gave no token (status ${status})`,
    )
  }
  return { token: token.token, expiresAtMs: clock.now() + token.seconds * 1000 }
}

function readToken(body: unknown): { readonly token: string; readonly seconds: number } | undefined {
  if (typeof body !== 'object' || body === null || !('access_token' in body)) return undefined
  if (typeof body.access_token !== 'string') return undefined
  const seconds = 'expires_in' in body ? Number(body.expires_in) : 300
  return { token: body.access_token, seconds: Number.isFinite(seconds) ? seconds : 300 }
}

function hostOf({ tokenEndpoint }: OAuthSasl): string {
  return new URL(tokenEndpoint).host
}
