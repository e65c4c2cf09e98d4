import { AwsServiceError } from '../../aws/aws.ts'
import type { AwsAnswer } from '../../aws/aws.ts'
import { parseJson } from '../../aws/exact-json.ts'
import { isJsonObject } from '../../aws/json-object.ts'
import type { FilterExpression } from '../../change/filter-expression.ts'
import { TailraceError } from '../../errors.ts'
import type { ScanPage, SegmentPosition } from '../source.ts'
import { patientCall } from '../source-context.ts'
import type { SourceContext } from '../source-context.ts'
import { requestedName } from '../table-names.ts'

/** One page of a segment, by `Scan` with ConsistentRead; see `Source.scanPage`. */
export async function scanPage(
  context: SourceContext,
  position: SegmentPosition,
  signal: AbortSignal,
): Promise<ScanPage> {
  const { table, segment, totalSegments, afterKey, limit } = position
  const requestedAtMs = context.clock.now()
  let throttles = 0
  try {
    const answer = await patientCall(
      context,
      {
        service: 'dynamodb',
        action: 'Scan',
        body: {
          TableName: requestedName(table.arn),
          ConsistentRead: true,
          Segment: segment,
          TotalSegments: totalSegments,
          ReturnConsumedCapacity: 'TOTAL',
          ...(limit === undefined ? {} : { Limit: limit }),
          ...filterMembers(position.filter),
          ...(afterKey === undefined ? {} : { ExclusiveStartKey: parseJson(Buffer.from(afterKey)) }),
        },
        subject: { table: table.name },
        read: readAnswer,
        onRetry: ({ error }) => {
          if (error.code === 'AWS_THROTTLED') throttles++
        },
      },
      signal,
    )
    return { ...answer, throttles, requestedAtMs, receivedAtMs: context.clock.now() }
  } catch (error) {
    throw error instanceof AwsServiceError ? meaningOf(error, table.name) : error
  }
}

/** DynamoDB refuses empty maps of placeholders. */
function filterMembers(filter: FilterExpression | undefined): Readonly<Record<string, unknown>> {
  if (filter === undefined) return {}
  const { expression, names, values } = filter
  return {
    FilterExpression: expression,
    ...(Object.keys(names).length === 0 ? {} : { ExpressionAttributeNames: names }),
    ...(Object.keys(values).length === 0 ? {} : { ExpressionAttributeValues: values }),
  }
}

function readAnswer({ body, bytes }: AwsAnswer): Pick<ScanPage, 'items' | 'lastKey' | 'units' | 'bytes'> {
  const answer = isJsonObject(body) ? body : {}
  const { Items: items, LastEvaluatedKey: lastKey, ConsumedCapacity: consumed } = answer
  if (!Array.isArray(items) || (lastKey !== undefined && lastKey !== null && !isJsonObject(lastKey))) {
    throw new TailraceError('AWS_RESPONSE', 'Scan answered without readable items')
  }
  const units: unknown = isJsonObject(consumed) ? consumed['CapacityUnits'] : undefined
  return {
    items,
    lastKey: isJsonObject(lastKey) ? JSON.stringify(lastKey) : undefined,
    // A service that does not tell: a unit of a consistent read is 4 KB.
    units: typeof units === 'number' && units >= 0 ? units : Math.ceil(bytes / 4096),
    bytes,
  }
}

function meaningOf(error: AwsServiceError, table: string): TailraceError {
  const isGone = error.type === 'ResourceNotFoundException'
  const message = isGone ? `table ${table} is gone` : `the scan of table ${table} is refused: ${error.message}`
  return new TailraceError(isGone ? 'TABLE_NOT_FOUND' : 'SCAN_REFUSED', message, { cause: error, details: { table } })
}
