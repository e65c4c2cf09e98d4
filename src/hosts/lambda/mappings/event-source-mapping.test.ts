import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { lambdaRefusal, startLambdaApiDouble } from '../../../../test/servers/lambda-api-double.ts'
import type { LambdaApiDouble } from '../../../../test/servers/lambda-api-double.ts'
import { systemClock } from '../../../async/system-clock.ts'
import type { AwsApi } from '../../../aws/aws.ts'
import { createCredentialsCache } from '../../../aws/credentials.ts'
import { createAwsApi } from '../../../aws/signed-request.ts'
import { listMappings, streamOf } from './event-source-mapping.ts'

const never = new AbortController().signal
const streamArn = 'arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-11-01T08:00:00.000'
const functionArn = 'arn:aws:lambda:eu-west-1:123456789012:function:shop'
let double: LambdaApiDouble
let api: AwsApi & AsyncDisposable

beforeEach(async () => {
  double = await startLambdaApiDouble()
  const load = (): Promise<{ accessKeyId: string; secretAccessKey: string }> =>
    Promise.resolve({ accessKeyId: 'local', secretAccessKey: 'local' })
  const credentials = createCredentialsCache({ clock: systemClock, load })
  const overrides = { lambda: `${double.endpoint}/` }
  api = createAwsApi({ clock: systemClock, region: 'eu-west-1', credentials, overrides })
})

afterEach(async () => {
  await api[Symbol.asyncDispose]()
  await double[Symbol.asyncDispose]()
})

describe('mappings', () => {
  it('are read with all that is set, and with what Lambda leaves out', async () => {
    double.map({
      FunctionArn: functionArn,
      EventSourceArn: streamArn,
      State: 'Disabled',
      StartingPosition: 'LATEST',
      ParallelizationFactor: 10,
      MaximumRetryAttempts: 0,
      MaximumRecordAgeInSeconds: 60,
      TumblingWindowInSeconds: 900,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      FilterCriteria: { Filters: [{ Pattern: '{}' }] },
      DestinationConfig: { OnFailure: { Destination: 'arn:aws:sqs:eu-west-1:123456789012:lost' } },
    })
    double.map({
      FunctionArn: functionArn,
      EventSourceArn: 'arn:aws:kinesis:eu-west-1:123456789012:stream/changes/consumer/shop:1700000000',
      ...Object.fromEntries(
        ['ParallelizationFactor', 'MaximumRetryAttempts', 'TumblingWindowInSeconds', 'FunctionResponseTypes'].map(
          (name) => [name, null],
        ),
      ),
      FilterCriteria: { Filters: [] },
    })
    double.map({ FunctionArn: functionArn, EventSourceArn: streamArn, FilterCriteriaError: { ErrorCode: 'KMS' } })
    const [first, second, third] = await listMappings(api, { functionName: functionArn }, never)
    expect(first).toEqual({
      id: '00000000-0000-0000-0000-000000000001',
      functionArn,
      streamArn,
      state: 'Disabled',
      lastResult: 'OK',
      startingPosition: 'LATEST',
      parallelizationFactor: 10,
      maximumRetryAttempts: 0,
      maximumRecordAge: 60,
      tumblingWindow: 900,
      isFiltered: true,
      reportsItemFailures: true,
      onFailure: 'arn:aws:sqs:eu-west-1:123456789012:lost',
    })
    expect(second).toMatchObject({
      streamArn: 'arn:aws:kinesis:eu-west-1:123456789012:stream/changes',
      parallelizationFactor: 1,
      maximumRetryAttempts: -1,
      tumblingWindow: 0,
      isFiltered: false,
      reportsItemFailures: false,
      onFailure: undefined,
    })
    // Encrypted filters are there all the same.
    expect(third?.isFiltered).toBe(true)
  })

  it('are gathered from all pages, of a function or of a stream', async () => {
    for (let i = 0; i < 7; i++) double.map({ FunctionArn: i < 4 ? functionArn : 'other', EventSourceArn: streamArn })
    expect(await listMappings(api, { streamArn }, never)).toHaveLength(7)
    expect(await listMappings(api, { functionName: 'shop' }, never)).toHaveLength(4)
    expect(double.calls.map((call) => new URL(call, 'http://x').searchParams.get('Marker'))).toEqual([
      null,
      '3',
      '6',
      null,
      '3',
    ])
  })

  it.each([
    ['a function that is not there', lambdaRefusal('ResourceNotFoundException', 'no', 404), 'LAMBDA_FUNCTION_UNKNOWN'],
    ['a name that is none', lambdaRefusal('InvalidParameterValueException', 'no', 400), 'LAMBDA_FUNCTION_UNKNOWN'],
    ['a refusal', lambdaRefusal('AccessDeniedException', 'no', 403), 'AWS_ACCESS_DENIED'],
    ['too many questions', lambdaRefusal('TooManyRequestsException', 'no', 429), 'AWS_THROTTLED'],
    ['a server error', lambdaRefusal('ServiceException', 'no', 500), 'AWS_UNREACHABLE'],
  ])('of %s reject', async (_, fault, code) => {
    double.answerWith(fault)
    await expect(listMappings(api, { functionName: 'shop' }, never)).rejects.toMatchObject({ code })
  })

  it.each(['[]', '{}', '{"EventSourceMappings":[1]}', '{"EventSourceMappings":[{"ParallelizationFactor":"10"}]}'])(
    'that cannot be understood are not taken for right ones: %s',
    async (body) => {
      double.answerWith((response) => void response.end(body))
      await expect(listMappings(api, { functionName: 'shop' }, never)).rejects.toMatchObject({ code: 'AWS_RESPONSE' })
    },
  )

  it('do not go round in circles', async () => {
    double.answerWith((response) => void response.end('{"EventSourceMappings":[],"NextMarker":"same"}'))
    await expect(listMappings(api, { functionName: 'shop' }, never)).rejects.toMatchObject({ code: 'AWS_RESPONSE' })
    expect(double.calls).toHaveLength(2)
  })
})

it("a consumer's ARN is its stream's", () => {
  expect(streamOf('arn:aws:kinesis:eu-west-1:1:stream/changes/consumer/c:17')).toBe(
    'arn:aws:kinesis:eu-west-1:1:stream/changes',
  )
  expect(streamOf(streamArn)).toBe(streamArn)
})
