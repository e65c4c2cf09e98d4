import type { BackoffPolicy } from '../async/backoff.ts'
import type { Clock } from '../async/clock.ts'
import type { Rng } from '../async/rng.ts'
import type { AwsAnswer, AwsApi, AwsRequest } from '../aws/aws.ts'
import { retryForever } from '../aws/retry-forever.ts'
import type { Retry } from '../aws/retry-forever.ts'
import { createRequestBudget } from '../aws/throttling.ts'
import type { RequestBudget } from '../aws/throttling.ts'
import type { ErrorCode } from '../error-catalogue.ts'
import { retryEvent } from './source-event.ts'
import type { RequestSubject, SourceEvent } from './source-event.ts'

/** What all parts of the source share. */
export interface SourceContext {
  readonly api: AwsApi
  readonly clock: Clock
  readonly rng: Rng
  readonly retry: BackoffPolicy
  readonly giveUpOn: readonly ErrorCode[]
  /** Keyed by stream ARN; every DescribeStream takes a turn. */
  readonly describeStreamBudget: RequestBudget
  readonly emit: (event: SourceEvent) => void
}

/** What a context is made of. */
export interface SourceContextOptions {
  readonly api: AwsApi
  readonly clock: Clock
  readonly rng: Rng
  readonly retry?: BackoffPolicy
  /** Errors to reject with instead of waiting them out; for checks that a person waits for. */
  readonly giveUpOn?: readonly ErrorCode[]
  /** This process' share of the ten DescribeStream calls per second and stream. */
  readonly describeStreamPerSecond?: number
  /** Hears of retries, expired iterators and the like. Must not throw. */
  readonly onEvent?: (event: SourceEvent) => void
}

const defaultRetry: BackoffPolicy = { baseMs: 50, capMs: 5_000 }

/** Makes a context with the usual patience. */
export function createSourceContext(options: SourceContextOptions): SourceContext {
  const { api, clock, rng } = options
  return {
    api,
    clock,
    rng,
    retry: options.retry ?? defaultRetry,
    giveUpOn: options.giveUpOn ?? [],
    describeStreamBudget: createRequestBudget({ clock, perSecond: options.describeStreamPerSecond ?? 4, burst: 4 }),
    emit: options.onEvent ?? (() => {}),
  }
}

/** For questions about one table of many: a right that is missing rejects with AWS_ACCESS_DENIED instead of being waited for. */
export function withoutPatienceForRights(context: SourceContext): SourceContext {
  return { ...context, giveUpOn: [...context.giveUpOn, 'AWS_ACCESS_DENIED'] }
}

/** A request, what it is about, and how its answer is read. */
export interface PatientRequest<T> extends AwsRequest {
  readonly subject: RequestSubject
  /** Turns the answer into what is wanted; throws AWS_RESPONSE, and the request is repeated, if it cannot. */
  readonly read: (answer: AwsAnswer) => T
  /** Hears of each attempt that is about to be repeated, besides the context's own listener. */
  readonly onRetry?: (retry: Retry) => void
}

/**
 * Sends a request until it is answered: throttles, server and network errors, missing permissions and credentials are
 * waited out. Rejects only with errors that need a decision, with service errors, or with the signal's reason.
 */
export function patientCall<T>(context: SourceContext, request: PatientRequest<T>, signal: AbortSignal): Promise<T> {
  const attempt = async (): Promise<T> => {
    const { streamArn } = request.subject
    if (request.action === 'DescribeStream' && streamArn !== undefined)
      await context.describeStreamBudget.take(streamArn, signal)
    return request.read(await context.api.exchange(request, signal))
  }
  return retryForever(
    {
      clock: context.clock,
      rng: context.rng,
      policy: context.retry,
      giveUpOn: context.giveUpOn,
      onRetry: (retry) => {
        request.onRetry?.(retry)
        context.emit(retryEvent(request.action, request.subject, retry))
      },
    },
    attempt,
    signal,
  )
}
