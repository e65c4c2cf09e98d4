import type { PipelineEvent } from './pipeline-event.ts'
import type { LeftOut } from './stages.ts'

/** What is told, after the commit, of changes or rows that did not come through although nothing failed. */
export function leftOutEvents({ dropped, rejected }: LeftOut, lane: number, table: string): readonly PipelineEvent[] {
  const events: PipelineEvent[] = rejected.map((one) => ({ kind: 'dead-lettered', lane, table, ...one }))
  if (dropped > 0) events.push({ kind: 'changes-dropped', lane, table, changes: dropped })
  return events
}
