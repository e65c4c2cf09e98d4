import type { PipelineConfig } from '../../config/pipeline-config.ts'
import type { KinesisConfig } from '../../config/source-config.ts'
import { tableTopicOf } from '../../config/table-topic.ts'
import type { Table } from '../../change/table.ts'
import { TailraceError } from '../../errors.ts'
import type { Stages } from '../../pipeline/stages.ts'
import type { TopicLimits } from '../../pipeline/topic-limits.ts'
import type { RecordStagesOptions } from './stage-parts.ts'
import { createStreamStages } from './stream-stages.ts'
import { createTableKeys } from './table-keys.ts'
import type { TableKeysOptions } from './table-keys.ts'
import { wantedTables } from './wanted-tables.ts'

/** What the way of a Kinesis stream's records needs from outside, besides what every record does. */
export interface StreamSurroundings {
  readonly limits: TopicLimits
  readonly describeKeys: TableKeysOptions['describe']
}

/** The way of a Kinesis stream's records as the configuration wants it. */
export function streamStagesOf(
  config: PipelineConfig & { readonly source: KinesisConfig },
  options: RecordStagesOptions,
  { limits, describeKeys }: StreamSurroundings,
): Stages {
  const { source } = config
  const { otherTopics } = options
  if (otherTopics === undefined) throw new TailraceError('INTERNAL', 'nobody provides the topics of tables')
  const topicOf = (table: Table): string => tableTopicOf(config, table)
  const isSelected = wantedTables(source.tables)
  const isExcluded = wantedTables(source.excludedTables)
  return createStreamStages({
    ...options,
    otherTopics,
    records: source.records,
    isWanted: (table) => isSelected(table) && !isExcluded(table),
    late: source.late,
    foreign: source.foreign,
    keys: createTableKeys({ describe: describeKeys, configured: source.keys }),
    topicOf,
    limits,
  })
}

/** True for a configuration that reads a Kinesis stream. */
export function readsKinesis(config: PipelineConfig): config is PipelineConfig & { readonly source: KinesisConfig } {
  return config.source.type === 'kinesis'
}
