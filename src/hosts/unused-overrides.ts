import type { Table } from '../change/table.ts'
import type { TableOverrides } from '../config/table-overrides.ts'
import type { PipelineEventSink } from '../pipeline/pipeline-event.ts'
import type { TopicProvisioner } from '../pipeline/topic-provisioner.ts'

/** Names and ARNs that have something of their own and are none of the tables. Of the tables in a Kinesis stream nobody knows the names. */
export function unusedOverrides({ byTable }: TableOverrides, tables: readonly Table[]): readonly string[] {
  if (tables.some(({ isStream }) => isStream === true)) return []
  const known = new Set(tables.flatMap(({ name, arn }) => [name, arn]))
  return [...byTable.keys()].filter((table) => !known.has(table)).sort()
}

/** Tells of such names where those tables are looked at that are found: at first, and whenever they are others. */
export function tellingOfUnused(
  topics: TopicProvisioner,
  overrides: TableOverrides,
  onEvent: PipelineEventSink,
): TopicProvisioner {
  let told = ''
  return {
    ...topics,
    refuseCollisions: (tables) => {
      topics.refuseCollisions(tables)
      const unused = unusedOverrides(overrides, tables)
      if (unused.join() !== told && unused.length > 0) onEvent({ kind: 'overrides-unused', tables: unused })
      told = unused.join()
    },
  }
}
