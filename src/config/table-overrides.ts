import { parseCondition } from '../change/condition/parse-condition.ts'
import type { Condition } from '../change/condition/condition.ts'
import { shownName } from './config-entry.ts'
import type { ConfigEntry } from './config-entry.ts'
import { nearestName } from './nearest-name.ts'
import type { Problem } from './problem.ts'
import { properties } from './properties.ts'
import type { PropertyValues } from './properties.ts'
import { readEntry } from './read-values.ts'
import { parseScanCapacity } from './snapshot-limits.ts'
import type { ScanCapacity } from './snapshot-limits.ts'

/** Properties that a table may have of its own, as `tables.<table>.<property>`. */
export const overridableNames = [
  'topic.name',
  'filter.operations',
  'filter.condition',
  'filter.leaving',
  'snapshot.mode',
  'snapshot.read.capacity',
  'snapshot.items.per.second',
] as const

type SnapshotMode = PropertyValues['snapshot.mode']

type OverridableName = (typeof overridableNames)[number]

/** The values of its own that a table has; what is undefined is as for all tables. */
export type TableOverride = Partial<Pick<PropertyValues, OverridableName>>

/** What single tables have of their own. Ask `overrideOf` for that of a table. */
export interface TableOverrides {
  /** By name, and by ARN; of the latter with what the name has besides. Either may be that of no table. */
  readonly byTable: ReadonlyMap<string, TableOverride>
  /** As the file gives them, in its order: for the fingerprint, and for showing them. */
  readonly entries: readonly ConfigEntry[]
}

const prefix = 'tables.'

/** True for names of this family, right or wrong. */
export function isTableOverride(name: string): boolean {
  return name === 'tables' || name.startsWith(prefix)
}

const tableName = /^[A-Za-z0-9_.-]{3,255}$/
const tableArn = /^arn:[a-z0-9-]+:dynamodb:[a-z0-9-]+:\d{12}:table\/[A-Za-z0-9_.-]{3,255}$/

/**
 * Reads `tables.<table>.<property>`, where a table is named by its name or by its ARN. Either may hold dots: it is what is left in
 * front of the property. `values` are those of all tables, with which the others must agree.
 */
export function readTableOverrides(
  entries: readonly ConfigEntry[],
  values: PropertyValues | undefined,
): { readonly overrides: TableOverrides; readonly problems: readonly Problem[] } {
  const problems: Problem[] = []
  const byTable = new Map<string, TableOverride>()
  const kept: ConfigEntry[] = []
  for (const entry of entries.filter(({ name }) => isTableOverride(name))) {
    const read = readOne(entry, values)
    if (read === undefined) continue
    if ('problem' in read) {
      problems.push(read.problem)
      continue
    }
    kept.push(entry)
    byTable.set(read.table, { ...byTable.get(read.table), [read.property]: read.value })
  }
  for (const [table, own] of byTable) byTable.set(table, { ...byTable.get(nameOfTable(table)), ...own })
  return { overrides: { byTable, entries: kept }, problems }
}

/** What a table has of its own: two tables of one name, in different accounts or regions, are told apart by their ARNs. */
export function overrideOf(
  { byTable }: Pick<TableOverrides, 'byTable'>,
  { arn, name }: { readonly arn: string; readonly name: string },
): TableOverride | undefined {
  return byTable.get(arn) ?? byTable.get(name)
}

/** The name of a table that is given by its name or its ARN. */
export function nameOfTable(nameOrArn: string): string {
  return nameOrArn.slice(nameOrArn.indexOf('/') + 1)
}

type ReadOverride =
  | { readonly table: string; readonly property: OverridableName; readonly value: unknown }
  | { readonly problem: Problem }

function readOne(entry: ConfigEntry, values: PropertyValues | undefined): ReadOverride | undefined {
  const { name, value, where } = entry
  const problem = (text: string): ReadOverride => ({ problem: { name, where, text: `${shownName(name)} ${text}` } })
  // `tables:` or `tables.orders:` with nothing below says nothing.
  const property = overridableNames.find(
    (one) => name.endsWith(`.${one}`) && name.length > prefix.length + one.length + 1,
  )
  if (property === undefined) {
    return value === '' && !isNamed(name) ? undefined : problem(unknownText(name))
  }
  const table = name.slice(prefix.length, -property.length - 1)
  if (!tableName.test(table) && !tableArn.test(table))
    return problem('must have the name or the ARN of a table behind the first dot')
  const read = readEntry(entry, properties[property])
  if ('problem' in read) return read
  const wrong = wrongTogether(property, read.value, values)
  return wrong === undefined ? { table, property, value: read.value } : problem(wrong)
}

/** `tables.orders` alone is only a section; behind one more dot something is named. */
function isNamed(name: string): boolean {
  return name.split('.').length > 2
}

function unknownText(name: string): string {
  const known = overridableNames.join(', ')
  const rest = name.slice(prefix.length)
  const nearest = nearestName(rest.slice(rest.indexOf('.') + 1), [...overridableNames])
  const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`
  return `is nothing that a table can have of its own${hint} (which tables are read says source.tables; a table may have ${known})`
}

function wrongTogether(
  property: OverridableName,
  value: unknown,
  values: PropertyValues | undefined,
): string | undefined {
  if (property === 'filter.condition') {
    const parsed = parseCondition(String(value))
    if ('problem' in parsed) return `: ${parsed.problem} (character ${parsed.at + 1})`
  }
  if (values?.['source.type'] !== 'kinesis') return undefined
  if (property.startsWith('snapshot.')) return 'has no effect with source.type: kinesis: a stream has no snapshot'
  return values['source.kinesis.records'] === 'dynamodb'
    ? undefined
    : 'has no effect with source.kinesis.records: raw, whose records are of no table'
}

/** True if some table is snapshotted that way, by its own mode or by that of all tables. */
export function isSomeTable(
  { snapshot, overrides }: { readonly snapshot: { readonly mode: SnapshotMode }; readonly overrides: TableOverrides },
  fits: (mode: SnapshotMode) => boolean,
): boolean {
  return (
    fits(snapshot.mode) || [...overrides.byTable.values()].some((own) => fits(own['snapshot.mode'] ?? snapshot.mode))
  )
}

/** The condition of a table's own; undefined where it has none. */
export function conditionOf(override: TableOverride): Condition | undefined {
  const text = override['filter.condition']
  const parsed = text === undefined ? undefined : parseCondition(text)
  return parsed === undefined || 'problem' in parsed ? undefined : parsed
}

/** How fast a table is scanned. */
export interface ScanRates {
  readonly capacity: ScanCapacity
  /** Undefined means no bound. */
  readonly itemsPerSecond: number | undefined
}

/** How a table is scanned that has something of its own; what it has not is as for the others. */
export function scanRatesOf(override: TableOverride, { capacity, itemsPerSecond }: ScanRates): ScanRates {
  const own = override['snapshot.read.capacity']
  return {
    capacity: own === undefined ? capacity : (parseScanCapacity(own) ?? capacity),
    itemsPerSecond: override['snapshot.items.per.second'] ?? itemsPerSecond,
  }
}
