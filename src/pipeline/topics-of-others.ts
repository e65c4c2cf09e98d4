import type { LaneState } from '../lanes/lane-state.ts'
import type { TableEntry } from '../lanes/ledger-entry.ts'

/** Tells whether a topic is the own one of another table that the pipeline knows. */
export function topicsOfOthers({ tables }: Pick<LaneState, 'tables'>, own: TableEntry): (topic: string) => boolean {
  return (topic) => [...tables.values()].some((entry) => entry.topic === topic && entry.table.arn !== own.table.arn)
}
