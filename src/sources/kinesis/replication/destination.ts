import { AwsServiceError } from '../../../aws/aws.ts'
import { isJsonObject } from '../../../aws/json-object.ts'
import { TailraceError } from '../../../errors.ts'
import { patientCall } from '../../source-context.ts'
import type { SourceContext } from '../../source-context.ts'

/** How the changes of a table go to a Kinesis stream. */
export interface Destination {
  /** As DynamoDB says it; changes go to the stream while it is `ACTIVE` or `UPDATING`, and soon will where it is `ENABLING`. */
  readonly status: string
  /** Why, where DynamoDB says it. */
  readonly reason: string | undefined
  /** In what times of creation count: `MILLISECOND` or `MICROSECOND`. */
  readonly precision: string
}

/** True if changes go to the stream. */
export function isDelivering({ status }: Pick<Destination, 'status'>): boolean {
  return status === 'ACTIVE' || status === 'UPDATING'
}

/**
 * The destination of a table that is this stream; `none` if it has no such destination, `no-table` if there is no table of the
 * name. Throttles are waited out; rejects with what the context gives up on.
 */
export async function describeDestination(
  context: SourceContext,
  { table, streamArn }: { readonly table: string; readonly streamArn: string },
  signal: AbortSignal,
): Promise<Destination | 'none' | 'no-table'> {
  try {
    const found = await patientCall(
      context,
      {
        service: 'dynamodb',
        action: 'DescribeKinesisStreamingDestination',
        body: { TableName: table },
        subject: { table },
        read: ({ body }) => readDestinations(body),
      },
      signal,
    )
    const ours = found.filter((one) => one.streamArn === streamArn).map((one) => one.destination)
    // What was disabled is still listed for a while beside what was enabled later.
    return ours.find(isDelivering) ?? ours[0] ?? 'none'
  } catch (error) {
    const isMissing = error instanceof AwsServiceError && /^(ResourceNotFound|Validation)Exception$/.test(error.type)
    if (isMissing) return 'no-table'
    throw error
  }
}

interface FoundDestination {
  readonly streamArn: string
  readonly destination: Destination
}

function readDestinations(body: unknown): readonly FoundDestination[] {
  const list: unknown = isJsonObject(body) ? body['KinesisDataStreamDestinations'] : undefined
  if (!Array.isArray(list)) throw misshapen()
  return list.map((one: unknown): FoundDestination => {
    if (!isJsonObject(one)) throw misshapen()
    const { StreamArn: streamArn, DestinationStatus: status, DestinationStatusDescription: reason } = one
    const { ApproximateCreationDateTimePrecision: precision } = one
    if (typeof streamArn !== 'string' || typeof status !== 'string') throw misshapen()
    return {
      streamArn,
      destination: {
        status,
        reason: typeof reason === 'string' && reason !== '' ? reason : undefined,
        precision: typeof precision === 'string' ? precision : 'MILLISECOND',
      },
    }
  })
}

function misshapen(): TailraceError {
  return new TailraceError('AWS_RESPONSE', 'DescribeKinesisStreamingDestination answered without readable destinations')
}
