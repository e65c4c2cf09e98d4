import type { TableAbsence } from '../../change/table-absence.ts'
import { tagConditionText } from '../../change/table-tags.ts'
import type { Table } from '../../change/table.ts'
import type { TagSearch } from '../discovery/tag-search.ts'
import { withoutPatienceForRights } from '../source-context.ts'
import type { SourceContext } from '../source-context.ts'
import { describeTable, isAboutTable } from './describe-table.ts'
import { selects } from './table-selection.ts'
import type { TableSelection } from './table-selection.ts'

/**
 * Why a table that was read is not meant any more, asked about it alone; undefined if it is, `unknown` if these credentials
 * cannot tell. A table whose stream is off, or of a view type that will not do, is still meant: what is left of its stream can
 * be read.
 */
export async function whyAbsent(
  context: SourceContext,
  selection: TableSelection,
  table: Table,
  signal: AbortSignal,
): Promise<TableAbsence | 'unknown' | undefined> {
  if (!selects(selection.tables, table)) return { kind: 'unselected', reason: 'source.tables does not name it' }
  if (table.region !== selection.region && table.region !== 'ddblocal')
    return { kind: 'unselected', reason: `it is in ${table.region}, and ${selection.region} is read` }
  // By its ARN only if it is configured so: then it may be another account's.
  const asked = selection.tables.includes(table.arn) ? table.arn : table.name
  try {
    const { arn } = await describeTable(withoutPatienceForRights(context), selection, asked, signal)
    // Other credentials, of another account: whether it is there, they cannot tell.
    if (arn !== table.arn) return 'unknown'
  } catch (error) {
    if (!isAboutTable(error)) throw error
    if (error.code === 'AWS_ACCESS_DENIED') return 'unknown'
    if (error.code === 'TABLE_NOT_FOUND') return { kind: 'gone', reason: error.message }
  }
  return selection.tags === undefined ? undefined : await untagged(selection.tags, table, signal)
}

async function untagged(
  tags: TagSearch,
  { arn }: Table,
  signal: AbortSignal,
): Promise<TableAbsence | 'unknown' | undefined> {
  try {
    const lacking = await tags.missing(arn, signal)
    if (lacking === undefined) return undefined
    return { kind: 'untagged', reason: `it does not have the tag ${tagConditionText(lacking)}` }
  } catch (error) {
    if (!isAboutTable(error)) throw error
    return 'unknown'
  }
}
