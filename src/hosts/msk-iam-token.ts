import { SignatureV4 } from '@smithy/signature-v4'
import { NodeSha256 } from '../aws/node-sha256.ts'
import type { Clock } from '../async/clock.ts'
import { createCredentialsCache, createCredentialsLoader } from '../aws/credentials.ts'
import type { AwsCredentials } from '../aws/credentials.ts'
import type { MskIamSasl } from '../config/kafka-client-config.ts'

/** A token and the wall-clock time (milliseconds) from which brokers refuse it. */
export interface MskIamToken {
  readonly token: string
  readonly expiresAtMs: number
}

/** MSK accepts no longer life than 15 minutes. */
const lifeSeconds = 900

const userAgent = 'tailrace'

/**
 * Tokens for AWS_MSK_IAM, to be sent as OAUTHBEARER: a new one for each call, since making one needs no request while the
 * credentials are fresh. Rejects with AWS_CREDENTIALS or AWS_ACCESS_DENIED if there are none.
 */
export function createMskIamToken(sasl: MskIamSasl, clock: Clock): () => Promise<string> {
  const { region, profile, role } = sasl
  const load = createCredentialsLoader({
    region,
    ...(profile === undefined ? {} : { profile }),
    ...(role === undefined
      ? {}
      : {
          assumeRole: {
            roleArn: role.arn,
            ...(role.sessionName === undefined ? {} : { sessionName: role.sessionName }),
            ...(role.externalId === undefined ? {} : { externalId: role.externalId }),
          },
        }),
  })
  const cache = createCredentialsCache({ clock, load, ...(role === undefined ? {} : { roleArn: role.arn }) })
  // A broker that waits for the token ends the connection by itself; there is nobody else to stop this for.
  const never = new AbortController().signal
  return async () => {
    const credentials = await cache.get(never)
    const { token } = await signMskIamToken({ region, credentials, nowMs: clock.now() })
    return token
  }
}

/**
 * The token that MSK's own client libraries make: a presigned `kafka-cluster:Connect` request to
 * `https://kafka.<region>.amazonaws.com/`, its query followed by a user agent that is not signed, in base64url without
 * padding. The same input gives the same token.
 */
export async function signMskIamToken(input: {
  readonly region: string
  readonly credentials: AwsCredentials
  readonly nowMs: number
}): Promise<MskIamToken> {
  const { region, credentials, nowMs } = input
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = credentials
  const hostname = `kafka.${region}.amazonaws.com`
  const signer = new SignatureV4({
    service: 'kafka-cluster',
    region,
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
    sha256: NodeSha256,
    applyChecksum: false,
  })
  const signed = await signer.presign(
    {
      method: 'GET',
      protocol: 'https:',
      hostname,
      path: '/',
      query: { Action: 'kafka-cluster:Connect' },
      headers: { host: hostname },
    },
    { signingDate: new Date(nowMs), expiresIn: lifeSeconds },
  )
  const query = Object.entries({ ...signed.query, 'User-Agent': userAgent })
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&')
  return {
    token: Buffer.from(`https://${hostname}/?${query}`, 'utf8').toString('base64url'),
    expiresAtMs: Math.min(nowMs + lifeSeconds * 1000, expiration?.getTime() ?? Number.POSITIVE_INFINITY),
  }
}
