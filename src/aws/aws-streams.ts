import type { AwsRequest } from './aws.ts'

/** Requests to AWS that are answered by a stream of events instead of a body (SubscribeToShard). */
export interface AwsStreams {
  /**
   * Sends one signed request, once, and resolves when the service has begun to answer. Rejects as `AwsApi.exchange` does;
   * retrying is the caller's job. Whoever opened a stream disposes of it.
   */
  open(request: AwsRequest, signal: AbortSignal): Promise<EventStream>
}

/**
 * Events of one answer, in order. While nobody asks, no more is taken from the connection than a window of fixed size, and
 * the service has to wait.
 */
export interface EventStream extends AsyncDisposable {
  /**
   * The next event; undefined when the answer has ended in good order. Rejects for a connection that broke or is silent for
   * too long (AWS_UNREACHABLE, AWS_RESPONSE), and for an exception that came in the place of an event as the same exception
   * would come in an answer. After a rejection, the signal's reason included, nothing more comes. Not safe for concurrent
   * calls.
   */
  next(signal: AbortSignal): Promise<StreamEvent | undefined>
}

/** One event whose checksum was right. */
export interface StreamEvent {
  /** For example `SubscribeToShardEvent`, or `initial-response`. */
  readonly type: string
  /** JSON, for the services that are spoken to here; untrusted. */
  readonly payload: Buffer
  /** Bytes of the event on the wire. */
  readonly bytes: number
  /**
   * How long the connection was watched and had nothing before the first byte of this event. Milliseconds; 0 if it was there
   * at once, and then it may have lain in the connection for as long as nobody asked.
   */
  readonly quietMs: number
}
