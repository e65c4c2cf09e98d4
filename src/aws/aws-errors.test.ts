import { describe, expect, it } from 'vitest'
import { errorOfFailure, errorOfNetwork, isClockSkew } from './aws-errors.ts'
import type { AwsFailure } from './aws-errors.ts'
import { AwsServiceError } from './aws.ts'

const failure = (statusCode: number, body: string, errorType?: string): AwsFailure => ({
  request: { service: 'streams', action: 'DescribeStream', body: { StreamArn: 'arn:stream' } },
  host: 'streams.example',
  statusCode,
  body: Buffer.from(body),
  requestId: 'request-1',
  errorType,
})
const typed = (type: string, message = 'what happened'): string =>
  JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message })

describe('errorOfFailure', () => {
  it.each([
    ['ProvisionedThroughputExceededException', 400, 'AWS_THROTTLED'],
    ['ThrottlingException', 400, 'AWS_THROTTLED'],
    ['LimitExceededException', 400, 'AWS_THROTTLED'],
    ['RequestLimitExceeded', 400, 'AWS_THROTTLED'],
    ['ThrottlingException', 503, 'AWS_THROTTLED'],
    ['InternalServerError', 500, 'AWS_UNREACHABLE'],
    ['ServiceUnavailable', 503, 'AWS_UNREACHABLE'],
    ['AccessDeniedException', 400, 'AWS_ACCESS_DENIED'],
    ['UnrecognizedClientException', 400, 'AWS_CREDENTIALS'],
    ['InvalidSignatureException', 400, 'AWS_CREDENTIALS'],
    ['ExpiredTokenException', 400, 'AWS_CREDENTIALS'],
    ['MissingAuthenticationToken', 400, 'AWS_CREDENTIALS'],
    ['ExpiredIteratorException', 400, 'ITERATOR_EXPIRED'],
    ['InternalFailureException', 500, 'AWS_UNREACHABLE'],
    ['KMSThrottlingException', 400, 'AWS_THROTTLED'],
    ['KMSAccessDeniedException', 400, 'AWS_KEY_UNUSABLE'],
    ['KMSDisabledException', 400, 'AWS_KEY_UNUSABLE'],
    ['KMSInvalidStateException', 400, 'AWS_KEY_UNUSABLE'],
    ['KMSNotFoundException', 400, 'AWS_KEY_UNUSABLE'],
    ['KMSOptInRequired', 400, 'AWS_KEY_UNUSABLE'],
  ])('%s with status %i is %s', (type, status, code) => {
    expect(errorOfFailure(failure(status, typed(type)))).toMatchObject({
      code,
      details: expect.objectContaining({ requestId: 'request-1' }),
    })
  })

  it.each([
    'TrimmedDataAccessException',
    'ResourceNotFoundException',
    'ResourceInUseException',
    'InvalidArgumentException',
    'ExpiredNextTokenException',
  ])('passes on what the caller must decide about: %s', (type) => {
    const error = errorOfFailure(failure(400, typed(type)))
    expect(error).toBeInstanceOf(AwsServiceError)
    expect(error).toMatchObject({ type, statusCode: 400 })
  })

  it('says which key of an encrypted stream cannot be used', () => {
    const error = errorOfFailure(failure(400, typed('KMSDisabledException', 'arn:aws:kms:r:1:key/k is disabled')))
    expect(error.message).toContain('arn:aws:kms:r:1:key/k is disabled')
  })

  it('takes the type from the header, and from a coral name with a URL', () => {
    expect(errorOfFailure(failure(400, '', 'ResourceNotFoundException:http://internal.amazon.com/'))).toMatchObject({
      type: 'ResourceNotFoundException',
    })
    const body = JSON.stringify({ __type: 'com.amazon.coral.validate#ValidationException', Message: 'capital M' })
    expect(errorOfFailure(failure(400, body))).toMatchObject({
      type: 'ValidationException',
      message: expect.stringContaining('capital M'),
    })
  })

  it('judges an answer without a type by its status', () => {
    expect(errorOfFailure(failure(502, '<html>'))).toMatchObject({ code: 'AWS_UNREACHABLE' })
    expect(errorOfFailure(failure(429, ''))).toMatchObject({ code: 'AWS_THROTTLED' })
    expect(errorOfFailure(failure(403, '<html>'))).toMatchObject({ code: 'AWS_RESPONSE' })
    expect(errorOfFailure(failure(302, ''))).toMatchObject({ code: 'AWS_RESPONSE' })
  })

  it('names the action and the resource of a missing permission', () => {
    const message =
      'User: arn:aws:iam::1:user/u is not authorized to perform: dynamodb:DescribeStream on resource: arn:aws:dynamodb:r:1:table/t/stream/l because no policy allows it'
    expect(errorOfFailure(failure(400, typed('AccessDeniedException', message))).message).toBe(
      'Not allowed: dynamodb:DescribeStream on arn:aws:dynamodb:r:1:table/t/stream/l',
    )
    expect(errorOfFailure(failure(400, typed('AccessDeniedException', ''))).message).toBe(
      'Not allowed: dynamodb:DescribeStream on arn:stream',
    )
  })
})

it('isClockSkew knows both ways of saying it', () => {
  expect(isClockSkew(failure(403, typed('RequestTimeTooSkewed')))).toBe(true)
  expect(
    isClockSkew(failure(400, typed('InvalidSignatureException', 'Signature expired: … is now earlier than …'))),
  ).toBe(true)
  expect(isClockSkew(failure(400, typed('InvalidSignatureException', 'Signature not yet current: …')))).toBe(true)
  expect(
    isClockSkew(failure(400, typed('InvalidSignatureException', 'The request signature we calculated does not match'))),
  ).toBe(false)
})

it('errorOfNetwork tells an unreachable service from an answer that was cut off', () => {
  const exchange = failure(0, '')
  expect(errorOfNetwork(exchange, Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), false)).toMatchObject({
    code: 'AWS_UNREACHABLE',
    message: 'DescribeStream at streams.example: no answer (ECONNREFUSED)',
  })
  expect(errorOfNetwork(exchange, Object.assign(new Error('x'), { code: 'UND_ERR_SOCKET' }), true)).toMatchObject({
    code: 'AWS_RESPONSE',
  })
  expect(errorOfNetwork(exchange, Object.assign(new Error('x'), { code: 'UND_ERR_BODY_TIMEOUT' }), true)).toMatchObject(
    { code: 'AWS_UNREACHABLE' },
  )
})

const refusal = (code: string): Error => Object.assign(new Error(`connect ${code}`), { code })

it.each<[string, Error]>([
  ['EMFILE', refusal('EMFILE')],
  ['ENFILE', refusal('ENFILE')],
  ['EMFILE', new Error('a', { cause: new Error('b', { cause: refusal('EMFILE') }) })],
  ['EMFILE', new Error('Cannot read package config package.json: too many open files.')],
  ['EMFILE', new AggregateError([refusal('ECONNREFUSED'), refusal('EMFILE')])],
])('errorOfNetwork tells a service that is away from a process that may not connect (%s)', (code, error) => {
  for (const isAnswerBegun of [false, true]) {
    expect(errorOfNetwork(failure(0, ''), error, isAnswerBegun)).toMatchObject({
      code: 'OUT_OF_FILE_HANDLES',
      policy: 'stop-worker',
      message: `DescribeStream at streams.example: ${code}, no more files or connections can be opened`,
    })
  }
})
