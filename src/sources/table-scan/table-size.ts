import { AwsServiceError } from '../../aws/aws.ts'
import { isJsonObject } from '../../aws/json-object.ts'
import { TailraceError } from '../../errors.ts'
import type { TableSize } from '../source.ts'
import { patientCall } from '../source-context.ts'
import type { SourceContext } from '../source-context.ts'
import { requestedName } from '../table-names.ts'

/** What DescribeTable says of a table's size; see `Source.tableSize`. */
export async function tableSize(context: SourceContext, nameOrArn: string, signal: AbortSignal): Promise<TableSize> {
  try {
    return await patientCall(
      context,
      {
        service: 'dynamodb',
        action: 'DescribeTable',
        body: { TableName: requestedName(nameOrArn) },
        subject: { table: nameOrArn },
        read: (answer) => readSize(answer.body),
      },
      signal,
    )
  } catch (error) {
    if (!(error instanceof AwsServiceError) || error.type !== 'ResourceNotFoundException') throw error
    const details = { table: nameOrArn }
    throw new TailraceError('TABLE_NOT_FOUND', `There is no table ${nameOrArn} any more`, { cause: error, details })
  }
}

function readSize(body: unknown): TableSize {
  const table = isJsonObject(body) ? body['Table'] : undefined
  if (!isJsonObject(table)) throw new TailraceError('AWS_RESPONSE', 'DescribeTable answered without a readable Table')
  const { ItemCount: items, TableSizeBytes: bytes, ProvisionedThroughput: throughput } = table
  const unitsOf = (member: string): number | undefined => {
    const units: unknown = isJsonObject(throughput) ? throughput[member] : undefined
    // Tables that are billed by request show zero.
    return typeof units === 'number' && units > 0 ? units : undefined
  }
  return {
    items: typeof items === 'number' ? items : 0,
    bytes: typeof bytes === 'number' ? bytes : 0,
    readUnitsPerSecond: unitsOf('ReadCapacityUnits'),
    writeUnitsPerSecond: unitsOf('WriteCapacityUnits'),
  }
}
