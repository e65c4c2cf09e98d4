/**
 * One request to an AWS service that speaks JSON over signed HTTP (DynamoDB, DynamoDB Streams, Kinesis, Glue, CloudWatch,
 * Secrets Manager, Systems Manager, Lambda, Resource Groups Tagging).
 * The answer is what `JSON.parse` should give (exact-json.ts); numbers inside DynamoDB values are text there, so nothing
 * is rounded.
 */
export interface AwsApi {
  /**
   * Sends one signed request, once. Rejects with a `TailraceError` (AWS_*, ITERATOR_EXPIRED, …) for every failure;
   * service errors that mean something to the caller come as {@link AwsServiceError}. Retrying is the caller's job.
   */
  call(request: AwsRequest, signal: AbortSignal): Promise<unknown>
  /** As `call`, with the size of the answer: for whoever accounts for bytes in flight. */
  exchange(request: AwsRequest, signal: AbortSignal): Promise<AwsAnswer>
}

/** An answer and what it weighed. */
export interface AwsAnswer {
  readonly body: unknown
  /** Bytes of the body on the wire. */
  readonly bytes: number
}

/** What to send. */
export interface AwsRequest {
  readonly service:
    | 'dynamodb'
    | 'streams'
    | 'kinesis'
    | 'glue'
    | 'cloudwatch'
    | 'secretsmanager'
    | 'ssm'
    | 'lambda'
    | 'tagging'
  /** For example `GetRecords`. */
  readonly action: string
  readonly body: Readonly<Record<string, unknown>>
  /** For actions that are answered with no body at all when they succeed (CreateStream): their answer is `undefined`. */
  readonly hasEmptyAnswer?: boolean
  /** For services that are asked by paths (Lambda): a GET of this path, without a body. `body` is then for messages only. */
  readonly get?: AwsPath
}

/** Where a resource is. */
export interface AwsPath {
  /** Begins with a slash; its segments are percent-encoded. */
  readonly path: string
  /** Not encoded yet. */
  readonly query: Readonly<Record<string, string>>
}

/** An error that the service itself named, for example `TrimmedDataAccessException`. */
export class AwsServiceError extends Error {
  readonly type: string
  readonly statusCode: number

  constructor(type: string, message: string, statusCode: number) {
    super(message)
    this.name = 'AwsServiceError'
    this.type = type
    this.statusCode = statusCode
  }
}
