import { AwsServiceError } from '../../aws/aws.ts'
import { patientCall } from '../source-context.ts'
import type { SourceContext } from '../source-context.ts'

/**
 * Asks for an iterator of the shard, which only a shard that exists has. Listings are eventually consistent and may leave
 * a shard out that is there; this asks about the one shard.
 */
export async function hasShard(
  context: SourceContext,
  streamArn: string,
  shardId: string,
  signal: AbortSignal,
): Promise<boolean> {
  const request = {
    service: 'streams',
    action: 'GetShardIterator',
    body: { StreamArn: streamArn, ShardId: shardId, ShardIteratorType: 'TRIM_HORIZON' },
    subject: { streamArn, shardId },
    read: () => true,
  } as const
  try {
    return await patientCall(context, request, signal)
  } catch (error) {
    if (!(error instanceof AwsServiceError)) throw error
    if (error.type === 'ResourceNotFoundException') return false
    // All its records are gone, but it is still there.
    if (error.type === 'TrimmedDataAccessException') return true
    throw error
  }
}
