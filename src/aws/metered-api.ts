import { TailraceError } from '../errors.ts'
import { AwsServiceError } from './aws.ts'
import type { AwsApi, AwsRequest } from './aws.ts'

/**
 * Tells the outcome of each request to `onRequest`: `ok`, one of our error codes, the service's own name of an error, or
 * `stopped` for a request that was called off.
 */
export function createMeteredAwsApi(api: AwsApi, onRequest: (action: string, outcome: string) => void): AwsApi {
  const metered = async <T>(request: AwsRequest, signal: AbortSignal, work: Promise<T>): Promise<T> => {
    try {
      const answer = await work
      onRequest(request.action, 'ok')
      return answer
    } catch (error) {
      onRequest(request.action, signal.aborted ? 'stopped' : outcomeOf(error))
      throw error
    }
  }
  return {
    call: (request, signal) => metered(request, signal, api.call(request, signal)),
    exchange: (request, signal) => metered(request, signal, api.exchange(request, signal)),
  }
}

function outcomeOf(error: unknown): string {
  if (error instanceof TailraceError) return error.code
  return error instanceof AwsServiceError ? error.type : 'unexpected'
}
