import type { Table } from '../../change/table.ts'
import { TailraceError } from '../../errors.ts'
import type { TableEntry } from '../../lanes/ledger-entry.ts'
import type { Coordination } from '../coordination.ts'
import { isLoss } from '../loss.ts'
import type { Source, TableSize } from '../../sources/source.ts'
import type { ExportTarget } from './export-loading.ts'
import { countOpen, forecastChanges, isWorthForecasting } from './change-forecast.ts'
import { rulesFor } from './snapshot-life.ts'
import type { SnapshotContext } from './snapshot-life.ts'

/** In which circumstances something about a snapshot is decided that begins none. */
export function contextNow({ snapshots, environment }: Coordination, { table }: TableEntry): SnapshotContext {
  return {
    ...rulesFor(snapshots, table),
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
  const { source } = coordination.environment
  const size = await orNothing(source.tableSize(known.table.arn, signal))
  const cautions = [
    await lackOfKeys(coordination, known, signal),
    size === undefined ? undefined : await excessOfChanges(coordination, known, size, signal),
  ].filter((caution) => caution !== undefined)
  const context = contextNow(coordination, known)
  const { exports } = context
  const isExported =
    known.status.kind === 'loading' &&
    exports !== undefined &&
    (await isToBeExported(exports, source, known.table, signal))
  return {
    ...context,
    exports: isExported ? exports : undefined,
    expectedItems: size?.items ?? 0,
    present: await presentOf(coordination, known, signal),
    caution: cautions.length === 0 ? undefined : cautions.join('; '),
  }
}

/** Of a table that stands still because changes were lost, only the source can tell whether it is still the same. */
async function presentOf(
  { environment }: Coordination,
  { table, status }: TableEntry,
  signal: AbortSignal,
): Promise<Table | undefined> {
  if (status.kind !== 'stopped' || !isLoss(status.code)) return undefined
  const present = await orNothing(environment.source.describeTable(table.arn, signal))
  const isSame = present?.id === table.id && present.streamArn === table.streamArn
  return isSame ? undefined : present
}

/** Of a topic that throws records away by their age, nobody can read back which items it has shown. */
async function lackOfKeys(
  { kafka }: Coordination,
  { topic, status, lossAtMs }: TableEntry,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (status.kind !== 'stopped' && lossAtMs === undefined) return undefined
  const policies = await policiesOf(kafka, topic, signal)
  if (policies === undefined)
    return `deletes may be missing: whether topic ${topic} is compacted may not be read (DescribeConfigs)`
  if (policies.includes('compact') && !policies.includes('delete')) return undefined
  return `deletes may be missing: topic ${topic} has cleanup.policy=${policies.join(',')}, so its keys may be incomplete`
}

/** Undefined where it may not be read. */
async function policiesOf(
  kafka: Coordination['kafka'],
  topic: string,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  try {
    return (await kafka.topicConfig(topic, signal)).get('cleanup.policy')?.split(',') ?? []
  } catch (error) {
    if (error instanceof TailraceError && error.code === 'KAFKA_AUTHORIZATION') return undefined
    throw error
  }
}

/** Before a table's shards are gathered: may more changes come than one process writes? */
async function excessOfChanges(
  { ledger }: Coordination,
  { table, status }: TableEntry,
  size: TableSize,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (status.kind === 'loading' || !isWorthForecasting(size)) return undefined
  const lanes = await ledger.refresh(signal)
  const shards = lanes.flatMap((lane) => [...lane.shards.values()])
  const open = shards.filter((shard) => shard.streamArn === table.streamArn && shard.status === 'open').length
  const { changesPerSecond, isOverCapacity } = forecastChanges(size, open)
  if (!isOverCapacity) return undefined
  return `up to ${changesPerSecond} changes a second may come, which is more than one process writes: consider snapshot.source: export`
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

/** Every table, or one that may change faster than one process writes. */
export async function isToBeExported(
  { isForAll }: Pick<ExportTarget, 'isForAll'>,
  source: Pick<Source, 'tableSize' | 'listShards'>,
  { arn, streamArn }: Table,
  signal: AbortSignal,
): Promise<boolean> {
  if (isForAll) return true
  const size = await source.tableSize(arn, signal)
  if (!isWorthForecasting(size)) return false
  const { shards } = await source.listShards(streamArn, signal)
  return forecastChanges(size, countOpen(shards)).isOverCapacity
}
