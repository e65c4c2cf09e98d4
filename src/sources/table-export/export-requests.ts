import { AwsServiceError } from '../../aws/aws.ts'
import { isJsonObject } from '../../aws/json-object.ts'
import type { JsonObject } from '../../aws/json-object.ts'
import { TailraceError } from '../../errors.ts'
import { patientCall } from '../source-context.ts'
import type { SourceContext } from '../source-context.ts'
import type { ExportRequest, ExportStatus } from './table-exports.ts'

/** See `TableExports.request`. */
export async function requestExport(
  context: SourceContext,
  wanted: ExportRequest,
  signal: AbortSignal,
): Promise<string> {
  const { tableArn } = wanted
  try {
    return await patientCall(
      context,
      {
        service: 'dynamodb',
        action: 'ExportTableToPointInTime',
        body: requestBody(wanted),
        subject: { table: tableArn },
        read: (answer) => text(descriptionIn(answer.body), 'ExportArn'),
      },
      signal,
    )
  } catch (error) {
    if (!(error instanceof AwsServiceError)) throw error
    const details = { table: tableArn, type: error.type }
    if (error.type === 'TableNotFoundException')
      throw new TailraceError('TABLE_NOT_FOUND', `There is no table ${tableArn}`, { cause: error, details })
    throw new TailraceError('EXPORT_REFUSED', `The export of ${tableArn} is refused: ${error.message}`, {
      cause: error,
      details,
    })
  }
}

/** See `TableExports.describe`. */
export async function describeExport(
  context: SourceContext,
  exportArn: string,
  signal: AbortSignal,
): Promise<ExportStatus> {
  try {
    return await patientCall(
      context,
      {
        service: 'dynamodb',
        action: 'DescribeExport',
        body: { ExportArn: exportArn },
        subject: {},
        read: (answer) => readStatus(descriptionIn(answer.body)),
      },
      signal,
    )
  } catch (error) {
    if (!(error instanceof AwsServiceError)) throw error
    const details = { exportArn, type: error.type }
    const options = { cause: error, details }
    if (error.type === 'ExportNotFoundException')
      throw new TailraceError('EXPORT_MISSING', `DynamoDB does not know export ${exportArn} (any more)`, options)
    throw new TailraceError('EXPORT_REFUSED', `Export ${exportArn} cannot be looked up: ${error.message}`, options)
  }
}

function requestBody(wanted: ExportRequest): Readonly<Record<string, unknown>> {
  const { tableArn, token, bucket, prefix, owner, sse, format, extent } = wanted
  return {
    TableArn: tableArn,
    ClientToken: token,
    S3Bucket: bucket,
    ...(prefix === undefined ? {} : { S3Prefix: prefix }),
    ...(owner === undefined ? {} : { S3BucketOwner: owner }),
    ...(sse === undefined ? {} : { S3SseAlgorithm: sse.algorithm }),
    ...(sse?.algorithm === 'KMS' && sse.keyId !== undefined ? { S3SseKmsKeyId: sse.keyId } : {}),
    ExportFormat: format,
    ...extentMembers(extent),
  }
}

/** The service counts in seconds. */
function extentMembers(extent: ExportRequest['extent']): Readonly<Record<string, unknown>> {
  if (extent.kind === 'full') {
    const { timeMs } = extent
    return { ExportType: 'FULL_EXPORT', ...(timeMs === undefined ? {} : { ExportTime: timeMs / 1000 }) }
  }
  return {
    ExportType: 'INCREMENTAL_EXPORT',
    IncrementalExportSpecification: {
      ExportFromTime: extent.fromMs / 1000,
      ExportToTime: extent.toMs / 1000,
      ExportViewType: extent.view,
    },
  }
}

function readStatus(description: JsonObject): ExportStatus {
  const status = text(description, 'ExportStatus')
  if (status === 'IN_PROGRESS') return { status }
  if (status === 'COMPLETED') {
    return { status, bucket: text(description, 'S3Bucket'), manifestKey: text(description, 'ExportManifest') }
  }
  if (status !== 'FAILED') throw misshapen('ExportStatus')
  const { FailureCode: code, FailureMessage: message } = description
  return {
    status,
    code: typeof code === 'string' ? code : 'unknown',
    message: typeof message === 'string' ? message : 'no reason is given',
  }
}

function descriptionIn(body: unknown): JsonObject {
  const description = isJsonObject(body) ? body['ExportDescription'] : undefined
  if (!isJsonObject(description)) throw misshapen('ExportDescription')
  return description
}

function text(object: JsonObject, member: string): string {
  const value = object[member]
  if (typeof value !== 'string' || value === '') throw misshapen(member)
  return value
}

function misshapen(member: string): TailraceError {
  return new TailraceError('AWS_RESPONSE', `An export was answered without a readable ${member}`)
}
