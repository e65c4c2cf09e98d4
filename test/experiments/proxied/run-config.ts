import { loadConfig } from '../../../src/config/load-config.ts'
import type { PipelineConfig } from '../../../src/config/pipeline-config.ts'
import { pipelineName } from './ground.ts'
import type { Ground } from './ground.ts'

/** The configuration of the pipeline on a ground; its brokers are behind the first door. */
export function runConfigText(
  { kafka, aws, topics }: Pick<Ground, 'kafka' | 'aws' | 'topics'>,
  options: { readonly lanes: number; readonly transactionTimeoutMs: number },
): string {
  return `
pipeline: ${pipelineName}
lanes: ${options.lanes}
source:
  region: eu-central-1
  endpoint: http://${aws.address}
  tables: [${[...topics.values()].join(', ')}]
kafka:
  bootstrap.servers: ${kafka.doors[0]?.address}
  transaction.timeout.ms: ${options.transactionTimeoutMs}
topic.partitions: 3
snapshot.mode: never
`
}

/** Reads such a text. */
export function parseRunConfig(text: string): PipelineConfig {
  const noFiles = (): never => {
    throw new Error('an experiment reads no files')
  }
  return loadConfig({ text, path: '/pipeline.yaml', env: {}, readFile: noFiles, realPath: noFiles })
}
