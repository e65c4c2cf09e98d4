import type { HttpToxic } from './toxic.ts'

type AwsError = Extract<HttpToxic, { readonly kind: 'http-error' }>

function awsError(status: number, type: string, message: string): AwsError {
  return { kind: 'http-error', status, type, message }
}

/**
 * The errors of DynamoDB and its streams as toxics, with the status codes that AWS gives them (a missing permission is a
 * 400, not a 403). Aim them: `{ ...awsErrors.throttled, action: 'GetRecords', count: 3 }`.
 */
export const awsErrors = {
  throttled: awsError(
    400,
    'ProvisionedThroughputExceededException',
    'The level of configured provisioned throughput for the shard was exceeded.',
  ),
  limitExceeded: awsError(400, 'LimitExceededException', 'Too many operations for a given subscriber.'),
  expiredIterator: awsError(400, 'ExpiredIteratorException', 'The provided iterator is too old.'),
  trimmedDataAccess: awsError(400, 'TrimmedDataAccessException', 'The requested records are beyond the trim horizon.'),
  internalServerError: awsError(500, 'InternalServerError', 'The request failed inside the service.'),
  serviceUnavailable: awsError(503, 'com.amazon.coral.service#ServiceUnavailable', 'The service cannot be reached.'),
  accessDenied: awsError(
    400,
    'com.amazon.coral.service#AccessDeniedException',
    'User: arn:aws:iam::123456789012:user/reader is not authorized to perform this action.',
  ),
} as const satisfies Readonly<Record<string, AwsError>>
