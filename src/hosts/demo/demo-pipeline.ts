import type { CredentialsLoader } from '../../aws/credentials.ts'
import { loadConfig } from '../../config/load-config.ts'
import type { PipelineConfig } from '../../config/pipeline-config.ts'
import type { DemoServers } from './demo-servers.ts'
import { shopRegion, shopTable } from './shop-table.ts'

/** The Kinesis stream that the table's changes go to, if there is one. */
export const shopStream = 'shop-changes'

/** What `topic.name` makes of the table. */
export const shopTopic = `shop.${shopTable}`

export const topicPartitions = 6

/**
 * How long a change waits that nothing proves to be the next one of its item. Longer than by default: nothing must be late
 * because the machine is busy with two servers, a bridge and a shop.
 */
export const repairDelayMs = 2_000

/** The local servers take any key; the user's own must not come near them. */
export const madeUpCredentials: CredentialsLoader = () =>
  Promise.resolve({ accessKeyId: 'demo', secretAccessKey: 'demo' })

/** The pipeline, as a user would write it, and read. */
export function demoPipeline(servers: DemoServers): PipelineConfig {
  const noFile = (): never => {
    throw new Error('the demo reads no files')
  }
  return loadConfig({ text: pipelineText(servers), path: 'the demo', env: {}, readFile: noFile, realPath: noFile })
}

function pipelineText({ bootstrapServers, dynamodbEndpoint, kinesisEndpoint }: DemoServers): string {
  return `pipeline: shop
lanes: 4
source:
  region: ${shopRegion}
  endpoint: ${dynamodbEndpoint}
  tables: [${shopTable}]
${kinesisEndpoint === undefined ? '' : kinesisText(kinesisEndpoint)}kafka:
  bootstrap.servers: ${bootstrapServers}
topic:
  partitions: ${topicPartitions}
http.listen: 127.0.0.1:0
`
}

function kinesisText(endpoint: string): string {
  return `  type: kinesis
  kinesis.stream: ${shopStream}
  kinesis.endpoint: ${endpoint}
  kinesis.repair.delay.ms: ${repairDelayMs}
`
}
