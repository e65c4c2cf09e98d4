import { retentionOf } from '../../change/retention.ts'
import type { SkippedTable } from '../../change/skipped-table.ts'
import type { SkippedEntry, TableEntry, TableTarget } from '../../lanes/ledger-entry.ts'
import { shardsOfLedger } from '../../lanes/ledger-shards.ts'
import { targetOf } from '../../lanes/table-rest.ts'
import { presentWay } from '../../lanes/way.ts'
import type { PipelineLedger } from './pipeline-ledger.ts'

/** A table in Connect's words, by its ledger alone: whether anybody runs the pipeline, the group knows. */
export interface TableStateRow {
  readonly table: string
  /** Null where it is not known: of some that are skipped. */
  readonly arn: string | null
  readonly target: TableTarget
  /** `UNASSIGNED`: it is skipped, or not meant any more, or gone. A failure is told even of a table that rests. */
  readonly state: 'RUNNING' | 'PAUSED' | 'STOPPED' | 'FAILED' | 'UNASSIGNED'
  /** Why it is not running, or what is the matter; for people. */
  readonly reason: string | null
}

/** All tables of a pipeline. */
export interface TableStates {
  /** Those that the ledger knows, by name; then those that were skipped when tables were looked for last. */
  readonly rows: readonly TableStateRow[]
  /** How many more are skipped. */
  readonly moreSkipped: number
}

/** What all tables do, seen at `nowMs`. One that is known and skipped now has one row, which says both. */
export function tableStatesOf(ledger: Pick<PipelineLedger, 'lanes' | 'tables'>, nowMs: number): TableStates {
  const { tables, more } = skippedOf(ledger)
  const isOf = (skipped: SkippedTable, row: TableStateRow): boolean =>
    skipped.arn === undefined ? skipped.name === row.table : skipped.arn === row.arn
  const known = ledger.tables.map((entry) => tableStateOf(ledger, entry, nowMs))
  const rows = known.map((row): TableStateRow => {
    const skipped = tables.find((table) => isOf(table, row))
    return skipped === undefined ? row : { ...row, reason: [row.reason ?? [], whySkipped(skipped)].flat().join('; ') }
  })
  const others = tables.filter((table) => !known.some((row) => isOf(table, row)))
  return { rows: [...rows, ...others.map(skippedRow)], moreSkipped: more }
}

/** What the last look for tables left out, and how many more: nothing where no worker looks. */
export function skippedOf({ lanes }: Pick<PipelineLedger, 'lanes'>): Pick<SkippedEntry, 'tables' | 'more'> {
  const skipped = presentWay(lanes).way === 'worker' ? lanes[0]?.skipped : undefined
  return skipped ?? { tables: [], more: 0 }
}

/** In one line, with its code. */
export function whySkipped({ code, message }: SkippedTable): string {
  return `${code}: ${message}`
}

function skippedRow(skipped: SkippedTable): TableStateRow {
  const { name, arn = null } = skipped
  return { table: name, arn, target: 'RUNNING', state: 'UNASSIGNED', reason: whySkipped(skipped) }
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
