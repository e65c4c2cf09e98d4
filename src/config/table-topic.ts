import type { PipelineConfig } from './pipeline-config.ts'
import { topicNameOf } from './topic-name.ts'

/** The topic that the configuration gives to a table: by its own template where it has one, else by that of all tables. */
export function tableTopicOf(
  { topic, overrides }: Pick<PipelineConfig, 'topic' | 'overrides'>,
  { account, region, name }: { readonly account: string; readonly region: string; readonly name: string },
): string {
  const template = overrides.byTable.get(name)?.['topic.name'] ?? topic.name
  return topicNameOf(template, { prefix: topic.prefix, account, region, table: name })
}
