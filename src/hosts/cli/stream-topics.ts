import { matchesNamePattern } from '../../change/name-pattern.ts'
import type { Table } from '../../change/table.ts'
import type { PipelineConfig } from '../../config/pipeline-config.ts'
import type { KinesisConfig } from '../../config/source-config.ts'
import { nameOfTable } from '../../config/table-overrides.ts'
import { tableTopicOf } from '../../config/table-topic.ts'
import type { ClusterInspector } from '../../kafka/cluster-inspector.ts'
import { arnOfStreamTable } from '../stages/stream-tables.ts'
import { wantedTables } from '../stages/wanted-tables.ts'

/** The topic that the changes of a table go to which come out of a Kinesis stream. */
export function topicOfStreamTable(config: PipelineConfig, stream: Table, table: string): string {
  const { account, region } = stream
  return tableTopicOf(config, { arn: arnOfStreamTable(stream, table), account, region, name: table })
}

/**
 * The topics that changes out of a Kinesis stream go to: those of the cluster whose names fit, since the ledger does not know
 * which tables were met. Without those that are the pipeline's own for another purpose.
 */
export async function topicsOfStream(
  config: PipelineConfig & { readonly source: KinesisConfig },
  stream: Table,
  inspector: Pick<ClusterInspector, 'topicNames'>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { source, ledger, errors, signals, heartbeats } = config
  const others = new Set([
    ledger.topic,
    errors.deadLetters.topic,
    signals.topic,
    signals.notificationTopic,
    heartbeats?.topic,
  ])
  const isWanted = wantedTables(source.tables)
  const isExcluded = (table: string): boolean =>
    source.excludedTables.some((pattern) => matchesNamePattern(pattern, table))
  const tableOf = tableReader(config, stream)
  const isOfTable = (topic: string): boolean => {
    const table = tableOf(topic)
    return table === '' || (table !== undefined && isWanted(table) && !isExcluded(table))
  }
  const named = [...config.overrides.byTable.keys()].map(nameOfTable)
  const own = new Set(named.map((table) => topicOfStreamTable(config, stream, table)))
  const foreign = source.foreign.policy === 'pass' ? source.foreign.topic : undefined
  const names = await inspector.topicNames(signal)
  return names
    .filter((topic) => topic === foreign || own.has(topic) || (!others.has(topic) && isOfTable(topic)))
    .toSorted()
}

/** Reads the table out of a topic's name; an empty text where all tables share one topic. */
function tableReader(config: PipelineConfig, stream: Table): (topic: string) => string | undefined {
  const mark = '\u0000'
  const [before = '', ...rest] = topicOfStreamTable(config, stream, mark).split(mark).map(escaped)
  // The name may stand in it more than once.
  const places = rest.map((text, at) => (at === 0 ? `(.+)${text}` : `\\1${text}`))
  const form = new RegExp(`^${before}${places.join('')}$`)
  return (topic) => {
    const match = form.exec(topic)
    return match === null ? undefined : (match[1] ?? '')
  }
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
