import type { PipelineConfig } from '../../config/pipeline-config.ts'

/** What keeps the changes of a pipeline, in words. */
export function sourceName({ source }: PipelineConfig): string {
  return source.type === 'kinesis' ? 'the Kinesis stream' : 'DynamoDB'
}
