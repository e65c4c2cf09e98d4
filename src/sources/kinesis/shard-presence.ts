import { AwsServiceError } from '../../aws/aws.ts'
import { patientCall } from '../source-context.ts'
import type { KinesisContext } from './kinesis-context.ts'
import { parseStreamLabel } from './stream-label.ts'

/**
 * Asks for an iterator of the shard, which only a shard that exists has: a listing may be behind. A shard that is left out
 * by its id counts as absent, since nobody would ever read it.
 */
export async function hasShard(
  context: KinesisContext,
  {
    streamArn,
    shardId,
    shardIds,
  }: { readonly streamArn: string; readonly shardId: string; readonly shardIds: RegExp | undefined },
  signal: AbortSignal,
): Promise<boolean> {
  if (shardIds !== undefined && !shardIds.test(shardId)) return false
  const { arn } = parseStreamLabel(streamArn)
  const request = {
    service: 'kinesis',
    action: 'GetShardIterator',
    body: { StreamARN: arn, ShardId: shardId, ShardIteratorType: 'TRIM_HORIZON' },
    subject: { streamArn, shardId },
    read: () => true,
  } as const
  try {
    return await patientCall(context, request, signal)
  } catch (error) {
    if (error instanceof AwsServiceError && error.type === 'ResourceNotFoundException') return false
    throw error
  }
}
