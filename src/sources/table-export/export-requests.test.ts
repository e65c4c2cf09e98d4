import { describe, expect, it } from 'vitest'
import { refusalOf, setUpExports } from '../../../test/servers/export-setup.ts'
import { createMemoryObjectStore } from '../../../test/servers/memory-object-store.ts'
import { AwsServiceError } from '../../aws/aws.ts'
import type { AwsApi, AwsRequest } from '../../aws/aws.ts'
import { TailraceError } from '../../errors.ts'
import type { ExportRequest } from './table-exports.ts'

const never = new AbortController().signal
const tableArn = 'arn:aws:dynamodb:eu-west-1:123456789012:table/orders'
const exportArn = `${tableArn}/export/01`
const wanted: ExportRequest = {
  tableArn,
  token: 'run-7',
  bucket: 'exports',
  format: 'ION',
  extent: { kind: 'full' },
}

/** Answers each request with the next of these; errors are thrown. */
function answering(...answers: readonly unknown[]): { readonly api: AwsApi; readonly requests: readonly AwsRequest[] } {
  const requests: AwsRequest[] = []
  const exchange: AwsApi['exchange'] = (request) => {
    const answer = answers[requests.length]
    requests.push(request)
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve({ body: answer, bytes: 1 })
  }
  return { requests, api: { exchange, call: async (request, signal) => (await exchange(request, signal)).body } }
}

function setUp(api: AwsApi): ReturnType<typeof setUpExports> {
  return setUpExports({ api, objects: createMemoryObjectStore() })
}

describe('request', () => {
  it('asks for a full export and gives its ARN', async () => {
    const { api, requests } = answering({ ExportDescription: { ExportArn: exportArn, ExportStatus: 'IN_PROGRESS' } })
    const { exports } = setUp(api)
    expect(await exports.request({ ...wanted, extent: { kind: 'full', timeMs: 1_700_000_000_000 } }, never)).toBe(
      exportArn,
    )
    expect(requests).toEqual([
      expect.objectContaining({
        service: 'dynamodb',
        action: 'ExportTableToPointInTime',
        body: {
          TableArn: tableArn,
          ClientToken: 'run-7',
          S3Bucket: 'exports',
          ExportFormat: 'ION',
          ExportType: 'FULL_EXPORT',
          ExportTime: 1_700_000_000,
        },
      }),
    ])
  })

  it('asks for an incremental one, with all that can be said', async () => {
    const { api, requests } = answering({ ExportDescription: { ExportArn: exportArn } })
    const extent = { kind: 'incremental', fromMs: 1_700_000_000_000, toMs: 1_700_003_600_000 } as const
    await setUp(api).exports.request(
      {
        ...wanted,
        prefix: 'p',
        owner: '210987654321',
        sse: { algorithm: 'KMS', keyId: 'key' },
        format: 'DYNAMODB_JSON',
        extent: { ...extent, view: 'NEW_AND_OLD_IMAGES' },
      },
      never,
    )
    expect(requests[0]?.body).toEqual({
      TableArn: tableArn,
      ClientToken: 'run-7',
      S3Bucket: 'exports',
      S3Prefix: 'p',
      S3BucketOwner: '210987654321',
      S3SseAlgorithm: 'KMS',
      S3SseKmsKeyId: 'key',
      ExportFormat: 'DYNAMODB_JSON',
      ExportType: 'INCREMENTAL_EXPORT',
      IncrementalExportSpecification: {
        ExportFromTime: 1_700_000_000,
        ExportToTime: 1_700_003_600,
        ExportViewType: 'NEW_AND_OLD_IMAGES',
      },
    })
  })

  it('waits while there are too many exports, or the answer cannot be read', async () => {
    const { api, requests } = answering(
      new TailraceError('AWS_THROTTLED', 'LimitExceededException'),
      { ExportDescription: {} },
      { ExportDescription: { ExportArn: exportArn } },
    )
    const { exports, events } = setUp(api)
    expect(await exports.request(wanted, never)).toBe(exportArn)
    expect(requests).toHaveLength(3)
    expect(events.map(({ kind }) => kind)).toEqual(['throttled', 'retried'])
  })

  it.each([
    ['PointInTimeRecoveryUnavailableException', 'EXPORT_REFUSED'],
    ['InvalidExportTimeException', 'EXPORT_REFUSED'],
    ['ExportConflictException', 'EXPORT_REFUSED'],
    ['ValidationException', 'EXPORT_REFUSED'],
    ['TableNotFoundException', 'TABLE_NOT_FOUND'],
  ])('turns %s into %s', async (type, code) => {
    const { api } = answering(new AwsServiceError(type, `${type}: because`, 400))
    const refusal = await refusalOf(setUp(api).exports.request(wanted, never))
    expect(refusal.code).toBe(code)
    expect(refusal.message).toContain(tableArn)
  })

  it('says in the remedy what to do when point-in-time recovery is off', () => {
    expect(new TailraceError('EXPORT_REFUSED', '').remedy).toContain('point-in-time recovery')
  })
})

describe('a look at an export', () => {
  it.each([
    [{ ExportStatus: 'IN_PROGRESS' }, { status: 'IN_PROGRESS' }],
    [
      { ExportStatus: 'COMPLETED', S3Bucket: 'exports', ExportManifest: 'AWSDynamoDB/01/manifest-summary.json' },
      { status: 'COMPLETED', bucket: 'exports', manifestKey: 'AWSDynamoDB/01/manifest-summary.json' },
    ],
    [
      { ExportStatus: 'FAILED', FailureCode: 'S3NoSuchBucket', FailureMessage: 'gone' },
      { status: 'FAILED', code: 'S3NoSuchBucket', message: 'gone' },
    ],
    [{ ExportStatus: 'FAILED' }, { status: 'FAILED', code: 'unknown', message: 'no reason is given' }],
  ])('reads %j', async (description, status) => {
    const { api } = answering({ ExportDescription: description })
    expect(await setUp(api).exports.describe(exportArn, never)).toEqual(status)
  })

  it.each([
    {},
    { ExportDescription: { ExportStatus: 'PAUSED' } },
    { ExportDescription: { ExportStatus: 'COMPLETED', S3Bucket: 'exports' } },
  ])('asks again when the answer cannot be read: %j', async (answer) => {
    const { api, requests } = answering(answer, { ExportDescription: { ExportStatus: 'IN_PROGRESS' } })
    expect(await setUp(api).exports.describe(exportArn, never)).toEqual({ status: 'IN_PROGRESS' })
    expect(requests).toHaveLength(2)
  })

  it('says that an export is forgotten', async () => {
    const { api } = answering(new AwsServiceError('ExportNotFoundException', 'not found', 400))
    expect((await refusalOf(setUp(api).exports.describe(exportArn, never))).code).toBe('EXPORT_MISSING')
  })
})
