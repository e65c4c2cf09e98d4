import { AwsServiceError } from '../../aws/aws.ts'
import type { AwsAnswer } from '../../aws/aws.ts'
import { parseJson } from '../../aws/exact-json.ts'
import { isJsonObject } from '../../aws/json-object.ts'
import { TailraceError } from '../../errors.ts'
import type { ScanPage, SegmentPosition } from '../source.ts'
import { patientCall } from '../source-context.ts'
import type { SourceContext } from '../source-context.ts'

/** One page of a segment, by `Scan` with ConsistentRead; see `Source.scanPage`. */
export async function scanPage(
  context: SourceContext,
  position: SegmentPosition,
  signal: AbortSignal,
): Promise<ScanPage> {
  const { table, segment, totalSegments, afterKey } = position
  const requestedAtMs = context.clock.now()
  try {
    const answer = await patientCall(
      context,
      {
        service: 'dynamodb',
        action: 'Scan',
        body: {
          TableName: table.name,
          ConsistentRead: true,
          Segment: segment,
          TotalSegments: totalSegments,
          ...(afterKey === undefined ? {} : { ExclusiveStartKey: parseJson(Buffer.from(afterKey)) }),
        },
        subject: { table: table.name },
        read: readAnswer,
      },
      signal,
    )
    return { ...answer, requestedAtMs, receivedAtMs: context.clock.now() }
  } catch (error) {
    throw error instanceof AwsServiceError ? meaningOf(error, table.name) : error
  }
}

function readAnswer({ body, bytes }: AwsAnswer): Pick<ScanPage, 'items' | 'lastKey' | 'bytes'> {
  const items: unknown = isJsonObject(body) ? body['Items'] : undefined
  const lastKey: unknown = isJsonObject(body) ? (body['LastEvaluatedKey'] ?? undefined) : undefined
  if (!Array.isArray(items) || (lastKey !== undefined && !isJsonObject(lastKey))) {
    throw new TailraceError('AWS_RESPONSE', 'Scan answered without readable items')
  }
  return { items, lastKey: lastKey === undefined ? undefined : JSON.stringify(lastKey), bytes }
}

function meaningOf(error: AwsServiceError, table: string): TailraceError {
  const isGone = error.type === 'ResourceNotFoundException'
  const message = isGone ? `table ${table} is gone` : `the scan of table ${table} is refused: ${error.message}`
  return new TailraceError(isGone ? 'TABLE_NOT_FOUND' : 'SCAN_REFUSED', message, { cause: error, details: { table } })
}
