import { retentionOf } from '../../change/retention.ts'
import type { TableEntry, TableTarget } from '../../lanes/ledger-entry.ts'
import { shardsOfLedger } from '../../lanes/ledger-shards.ts'
import { targetOf } from '../../lanes/table-rest.ts'
import type { PipelineLedger } from './pipeline-ledger.ts'

/** A table in Connect's words, by its ledger alone: whether anybody runs the pipeline, the group knows. */
export interface TableStateRow {
  readonly table: string
  readonly arn: string
  readonly target: TableTarget
  /** `UNASSIGNED`: it is not meant any more, or is gone. A failure is told even of a table that rests. */
  readonly state: 'RUNNING' | 'PAUSED' | 'STOPPED' | 'FAILED' | 'UNASSIGNED'
  /** Why it is not running, or what is the matter; for people. */
  readonly reason: string | null
}

/** What a table does, seen at `nowMs`. */
export function tableStateOf(ledger: Pick<PipelineLedger, 'lanes'>, entry: TableEntry, nowMs: number): TableStateRow {
  const { table, status } = entry
  const target = targetOf(entry)
  const row = { table: table.name, arn: table.arn, target }
  if (status.kind === 'retired') return { ...row, state: 'UNASSIGNED', reason: status.reason }
  if (status.kind === 'stopped') return { ...row, state: 'FAILED', reason: `${status.code}: ${status.reason}` }
  const rest = restOf(ledger, entry, nowMs)
  if (rest !== undefined) return { ...row, state: target, reason: rest }
  const replaced = status.kind === 'draining' ? `its stream was replaced by ${status.replacedBy}` : null
  return { ...row, state: 'RUNNING', reason: replaced }
}

/** Since when a table rests, and how long it may; undefined for one that runs. */
export function restOf(
  { lanes }: Pick<PipelineLedger, 'lanes'>,
  { table, rest }: TableEntry,
  nowMs: number,
): string | undefined {
  if (rest === undefined) return undefined
  const since = `${rest.target === 'PAUSED' ? 'paused' : 'stopped'} since ${new Date(rest.sinceMs).toISOString()}`
  const open = [...shardsOfLedger(lanes).values()].filter(
    ({ shard }) => shard.tableArn === table.arn && shard.status === 'open',
  )
  const oldest = Math.min(...open.flatMap(({ shard }) => shard.sinceMs ?? []))
  if (!Number.isFinite(oldest)) return since
  const until = oldest + retentionOf(table)
  const keeper = table.isStream === true ? 'Kinesis' : 'DynamoDB'
  return until > nowMs
    ? `${since}; ${keeper} keeps what was not read at least until ${new Date(until).toISOString()}`
    : `${since}; ${keeper} may have thrown away changes that were not read`
}
