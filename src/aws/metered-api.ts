import { TailraceError } from '../errors.ts'
import { AwsServiceError } from './aws.ts'
import type { AwsApi, AwsRequest } from './aws.ts'
import type { AwsStreams } from './aws-streams.ts'

/**
 * Hears of the outcome of each request: `ok`, one of our error codes, the service's own name of an error, or `stopped` for a
 * request that was called off.
 */
export type OnAwsRequest = (action: string, outcome: string) => void

/** The same requests, each of which is told to `onRequest`. */
export function createMeteredAwsApi(api: AwsApi, onRequest: OnAwsRequest): AwsApi {
  return {
    call: (request, signal) => metered(onRequest, request, signal, api.call(request, signal)),
    exchange: (request, signal) => metered(onRequest, request, signal, api.exchange(request, signal)),
  }
}

/** The same streams. A request is told when its answer begins; how that ends is not a matter of the request. */
export function createMeteredAwsStreams(streams: AwsStreams, onRequest: OnAwsRequest): AwsStreams {
  return { open: (request, signal) => metered(onRequest, request, signal, streams.open(request, signal)) }
}

async function metered<T>(
  onRequest: OnAwsRequest,
  request: AwsRequest,
  signal: AbortSignal,
  work: Promise<T>,
): Promise<T> {
  try {
    const answer = await work
    onRequest(request.action, 'ok')
    return answer
  } catch (error) {
    onRequest(request.action, signal.aborted ? 'stopped' : outcomeOf(error))
    throw error
  }
}

function outcomeOf(error: unknown): string {
  if (error instanceof TailraceError) return error.code
  return error instanceof AwsServiceError ? error.type : 'unexpected'
}
