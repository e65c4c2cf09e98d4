import type { Clock } from '../async/clock.ts'
import type { OAuthSasl } from '../config/kafka-client-config.ts'
import { TailraceError } from '../errors.ts'
import { isFresh, requestToken } from './client-credentials-token.ts'

/**
 * Tokens by OAuth 2's client-credentials grant, remembered until a minute before they expire. Rejects with
 * KAFKA_AUTHENTICATION; neither the secret nor the endpoint's answer is part of the message.
 */
export function createOAuthToken(sasl: OAuthSasl, clock: Clock): () => Promise<string> {
  let known: { readonly token: string; readonly expiresAtMs: number } | undefined
  return async () => {
    if (known !== undefined && isFresh(known, clock)) return known.token
    const answer = await requestToken(sasl, clock)
    if (answer.kind === 'token') {
      known = answer
      return answer.token
    }
    const cause = answer.kind === 'silent' ? answer.cause : undefined
    throw new TailraceError('KAFKA_AUTHENTICATION', answer.message, { cause })
  }
}
