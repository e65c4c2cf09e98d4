import type { PipelineConfig } from './pipeline-config.ts'
import { overrideOf } from './table-overrides.ts'
import { topicNameOf } from './topic-name.ts'

/** The topic that the configuration gives to a table: by its own template where it has one, else by that of all tables. */
export function tableTopicOf(
  { topic, overrides }: Pick<PipelineConfig, 'topic' | 'overrides'>,
  table: { readonly arn: string; readonly account: string; readonly region: string; readonly name: string },
): string {
  const { account, region, name } = table
  const template = overrideOf(overrides, table)?.['topic.name'] ?? topic.name
  return topicNameOf(template, { prefix: topic.prefix, account, region, table: name })
}
