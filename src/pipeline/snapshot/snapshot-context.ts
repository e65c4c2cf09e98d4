import type { Table } from '../../change/table.ts'
import { TailraceError } from '../../errors.ts'
import type { TableEntry } from '../../lanes/ledger-entry.ts'
import type { Coordination } from '../coordination.ts'
import { isLoss } from '../loss.ts'
import type { SnapshotContext } from './snapshot-life.ts'

/** In which circumstances something about a snapshot is decided that begins none. */
export function contextNow({ snapshots, environment }: Coordination): SnapshotContext {
  return {
    ...snapshots,
    lanes: environment.identity.lanes,
    nowMs: environment.clock.now(),
    isPipelineStart: false,
    expectedItems: 0,
    present: undefined,
    caution: undefined,
  }
}

/** In which circumstances a snapshot of the table would begin: asks the source and the cluster. */
export async function contextFor(
  coordination: Coordination,
  known: TableEntry,
  signal: AbortSignal,
): Promise<SnapshotContext> {
  return {
    ...contextNow(coordination),
    expectedItems: (await orNothing(coordination.environment.source.tableSize(known.table.name, signal)))?.items ?? 0,
    present: await presentOf(coordination, known, signal),
    caution: await cautionOf(coordination, known, signal),
  }
}

/** Of a table that stands still because changes were lost, only the source can tell whether it is still the same. */
async function presentOf(
  { environment }: Coordination,
  { table, status }: TableEntry,
  signal: AbortSignal,
): Promise<Table | undefined> {
  if (status.kind !== 'stopped' || !isLoss(status.code)) return undefined
  const present = await orNothing(environment.source.describeTable(table.name, signal))
  const isSame = present?.id === table.id && present.streamArn === table.streamArn
  return isSame ? undefined : present
}

/** Of a topic that throws records away by their age, nobody can read back which items it has shown. */
async function cautionOf(
  { kafka }: Coordination,
  { topic, status, lossAtMs }: TableEntry,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (status.kind !== 'stopped' && lossAtMs === undefined) return undefined
  const policies = (await kafka.topicConfig(topic, signal)).get('cleanup.policy')?.split(',') ?? []
  if (policies.includes('compact') && !policies.includes('delete')) return undefined
  return `deletes may be missing: topic ${topic} has cleanup.policy=${policies.join(',')}, so its keys may be incomplete`
}

/** What the source cannot say is no reason not to decide; where it is needed, the decision misses it. */
async function orNothing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (!(error instanceof TailraceError)) throw error
    return undefined
  }
}
