import { AwsServiceError } from '../../aws/aws.ts'
import type { Table } from '../../change/table.ts'
import { TailraceError } from '../../errors.ts'
import type { ErrorCode } from '../../error-catalogue.ts'
import { patientCall } from '../source-context.ts'
import type { SourceContext } from '../source-context.ts'
import { requestedName } from '../table-names.ts'
import { askViewType } from './stream-view-type.ts'
import { readableTable, readTableDescription } from './table-description.ts'
import type { DescribedTable } from './table-description.ts'
import { refuseOtherRegion } from './table-selection.ts'
import type { TableSelection } from './table-selection.ts'

/** One table by name or ARN. Throws TABLE_NOT_FOUND, STREAM_DISABLED, STREAM_VIEW_TYPE, AWS_REGION. */
export async function describeTable(
  context: SourceContext,
  selection: TableSelection,
  nameOrArn: string,
  signal: AbortSignal,
): Promise<Table> {
  const described = await describe(context, selection, nameOrArn, signal)
  const { streamArn } = described
  if (described.viewType !== undefined || streamArn === undefined || selection.alsoDisabled !== true)
    return readableTable(described, selection)
  return readableTable({ ...described, viewType: await askViewType(context, streamArn, signal) }, selection)
}

async function describe(
  context: SourceContext,
  selection: TableSelection,
  nameOrArn: string,
  signal: AbortSignal,
): Promise<DescribedTable> {
  if (nameOrArn.startsWith('arn:')) refuseOtherRegion(nameOrArn, selection.region)
  try {
    return await patientCall(
      context,
      {
        service: 'dynamodb',
        action: 'DescribeTable',
        body: { TableName: requestedName(nameOrArn) },
        subject: { table: nameOrArn },
        read: (answer) => readTableDescription(answer.body),
      },
      signal,
    )
  } catch (error) {
    // A name that no table can have is answered by a ValidationException.
    if (
      error instanceof AwsServiceError &&
      (error.type === 'ResourceNotFoundException' || error.type === 'ValidationException')
    ) {
      throw new TailraceError('TABLE_NOT_FOUND', `There is no table ${nameOrArn} in ${selection.region}`, {
        cause: error,
        details: { table: nameOrArn, region: selection.region },
      })
    }
    throw error
  }
}

/**
 * What a table that cannot be read now answers; it was deleted since it was listed, has no stream that will do, or may not be
 * looked at by these credentials (where nobody waits for that right, see `withoutPatienceForRights`).
 */
const unreadable: ReadonlySet<ErrorCode> = new Set([
  'TABLE_NOT_FOUND',
  'STREAM_DISABLED',
  'STREAM_VIEW_TYPE',
  'AWS_ACCESS_DENIED',
])

/** True for an error about one table, which is no reason to leave out others. */
export function isAboutTable(error: unknown): error is TailraceError {
  return error instanceof TailraceError && unreadable.has(error.code)
}
