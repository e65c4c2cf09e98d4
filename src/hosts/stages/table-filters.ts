import type { ChangeConfig } from '../../config/change-config.ts'
import type { PipelineConfig } from '../../config/pipeline-config.ts'
import { conditionOf } from '../../config/table-overrides.ts'
import type { TableOverride } from '../../config/table-overrides.ts'
import { createChangeFilter } from '../../transform/change-filter.ts'
import type { ChangeTransform } from '../../transform/change-transform.ts'

type Filter = ChangeConfig['filter']

/** True if changes of some table may be dropped. */
export function hasFilter({ changes: { filter }, overrides }: Pick<PipelineConfig, 'changes' | 'overrides'>): boolean {
  return [filter, ...[...overrides.byTable.values()].map((own) => filterFor(filter, own))].some(isDropping)
}

/**
 * The filter of all tables, but for those that have something of their own: of these, what they have takes the place of what
 * holds for all, and the rest holds for them, too.
 */
export function tableFilters(
  { changes: { filter }, overrides }: Pick<PipelineConfig, 'changes' | 'overrides'>,
  isSecondLook: boolean,
): ChangeTransform {
  const general = transformOf(filter, isSecondLook)
  const own = new Map(
    [...overrides.byTable].map(([table, values]) => [table, transformOf(filterFor(filter, values), isSecondLook)]),
  )
  if (own.size === 0) return general
  return {
    apply: (changes, table, signal) =>
      (own.get(table.arn) ?? own.get(table.name) ?? general).apply(changes, table, signal),
  }
}

function filterFor(general: Filter, own: TableOverride): Filter {
  return {
    excludedTables: general.excludedTables,
    operations: own['filter.operations'] ?? general.operations,
    condition: conditionOf(own) ?? general.condition,
    leaving: own['filter.leaving'] ?? general.leaving,
  }
}

function isDropping({ excludedTables, operations, condition }: Filter): boolean {
  return excludedTables.length > 0 || operations.length < 4 || condition !== undefined
}

function transformOf(filter: Filter, isSecondLook: boolean): ChangeTransform {
  return createChangeFilter({ ...filter, operations: new Set(filter.operations), isSecondLook })
}
