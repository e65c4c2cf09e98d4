import type { PipelineConfig } from '../../config/pipeline-config.ts'

/** What a function promises by its own configuration; how batches are handed over can take from it. */
export function promiseOf({ delivery, source }: Pick<PipelineConfig, 'delivery' | 'source'>): string {
  if (delivery === 'at_least_once')
    return 'at least once, in order of each item but for what is repeated: batches that come again are written again'
  if (source.type === 'kinesis')
    return 'exactly once for each record of the Kinesis stream, in the order of its shard; what DynamoDB puts into the stream twice or out of order is passed on as it is'
  return 'exactly once, in order of each item'
}
