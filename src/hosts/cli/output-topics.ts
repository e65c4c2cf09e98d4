import type { PipelineConfig } from '../../config/pipeline-config.ts'
import type { ClusterInspector } from '../../kafka/cluster-inspector.ts'
import { readsKinesis } from '../stages/stream-stages-of.ts'
import { tableNamed } from '../ledger/pipeline-ledger.ts'
import type { PipelineLedger } from '../ledger/pipeline-ledger.ts'
import { topicOfStreamTable, topicsOfStream } from './stream-topics.ts'

/**
 * The topics that a pipeline writes to, or that of one table. Throws USAGE for a table that it does not have; of those whose
 * changes come out of a Kinesis stream it knows no names, so any will do.
 */
export async function outputTopics(
  config: PipelineConfig,
  of: {
    readonly ledger: PipelineLedger
    readonly inspector: Pick<ClusterInspector, 'topicNames'>
    readonly table: string | undefined
  },
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { ledger, inspector, table } = of
  const stream = ledger.tables.find(({ topic }) => topic === '')?.table
  const isOfStream = stream !== undefined && table !== undefined && table !== stream.name && table !== stream.arn
  if (isOfStream) return [topicOfStreamTable(config, stream, table)]
  const entries = table === undefined ? ledger.tables : [tableNamed(ledger, table)]
  const topics = new Set<string>()
  for (const entry of entries) {
    const found =
      entry.topic === '' && readsKinesis(config)
        ? await topicsOfStream(config, entry.table, inspector, signal)
        : [entry.topic]
    for (const topic of found) topics.add(topic)
  }
  return [...topics]
}
