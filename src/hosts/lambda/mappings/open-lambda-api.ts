import { connect } from 'node:net'
import type { Clock } from '../../../async/clock.ts'
import type { AwsApi } from '../../../aws/aws.ts'
import { createCredentialsCache, createCredentialsLoader } from '../../../aws/credentials.ts'
import { endpointFor } from '../../../aws/endpoints.ts'
import type { Environment } from '../../../aws/endpoints.ts'
import { createAwsApi } from '../../../aws/signed-request.ts'
import { TailraceError } from '../../../errors.ts'

/** What Lambda's API is asked over. */
export interface LambdaApiParts {
  readonly clock: Clock
  readonly region: string
  readonly env: Environment
}

/** Within a region a connection takes a few milliseconds; in a network without a way out, nobody ever says no. */
const patienceMs = 300
const limits = { connectTimeoutMs: 1_000, requestTimeoutMs: 2_000, maxConnections: 1 }

/**
 * Lambda's API, asked as the function itself, whatever role reads the tables. Rejects with AWS_UNREACHABLE where no connection
 * comes about, far sooner than a request would: a cold start waits for it.
 */
export async function openLambdaApi(parts: LambdaApiParts, signal: AbortSignal): Promise<AwsApi & AsyncDisposable> {
  const { clock, region, env } = parts
  const endpoint = endpointFor('lambda', { region, env })
  if (await isSilent(endpoint, clock, signal))
    throw new TailraceError('AWS_UNREACHABLE', `${endpoint.host} takes no connection within ${patienceMs} ms`)
  const credentials = createCredentialsCache({ clock, load: createCredentialsLoader({ region, env }) })
  return createAwsApi({ clock, region, env, credentials, limits })
}

/** A refusal is no silence: the request that follows says what it is. */
async function isSilent({ hostname, port, protocol }: URL, clock: Clock, signal: AbortSignal): Promise<boolean> {
  const isOver = new AbortController()
  const usual = protocol === 'https:' ? 443 : 80
  const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? usual : Number(port) })
  try {
    const heard = new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(false))
      socket.once('error', () => resolve(false))
    })
    const waited = async (): Promise<boolean> => {
      await clock.sleep(patienceMs, AbortSignal.any([signal, isOver.signal]))
      // A busy process may have overslept; what has arrived meanwhile comes first.
      await clock.sleep(0, isOver.signal)
      return true
    }
    return await Promise.race([heard, waited()])
  } finally {
    isOver.abort(new Error('the question is settled'))
    socket.destroy()
  }
}
