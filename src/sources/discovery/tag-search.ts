import { AwsServiceError } from '../../aws/aws.ts'
import { createRequestBudget } from '../../aws/throttling.ts'
import { missingTag } from '../../change/table-tags.ts'
import type { TagCondition } from '../../change/table-tags.ts'
import { TailraceError } from '../../errors.ts'
import type { SourceContext } from '../source-context.ts'
import { taggedTables, tagsInService } from './tagged-resources.ts'
import { tagsOfTable } from './tags-of-table.ts'

/**
 * Finds tables by their tags: by tag:GetResources, which gives the tables that have them, or, where that may not be used, by
 * dynamodb:ListTagsOfResource, table by table. Both can be behind what was just tagged.
 */
export interface TagSearch {
  readonly conditions: readonly TagCondition[]
  /** ARNs of all tables that fulfil the conditions; undefined where each table must be asked for its own. */
  list(signal: AbortSignal): Promise<ReadonlySet<string> | undefined>
  /**
   * The condition that a table does not fulfil, asked about this table alone; undefined if it fulfils all. A table that is
   * unknown has no tags. Rejects with AWS_ACCESS_DENIED if its tags may not be read.
   */
  missing(arn: string, signal: AbortSignal): Promise<TagCondition | undefined>
}

/** Half of what an account has: others ask, too. */
const tableRequestsPerSecond = 5

/** Makes a search. Tells which way it goes, once and whenever that changes. */
export function createTagSearch(context: SourceContext, conditions: readonly TagCondition[]): TagSearch {
  const budget = createRequestBudget({ clock: context.clock, perSecond: tableRequestsPerSecond, burst: 5 })
  let told: 'service' | 'tables' | undefined
  const tell = (way: 'service' | 'tables'): void => {
    if (told === way) return
    told = way
    context.emit({ kind: 'tags-searched', way: way === 'service' ? 'tag:GetResources' : 'dynamodb:ListTagsOfResource' })
  }
  const ifAllowed = async <T>(work: Promise<T>): Promise<{ readonly answer: T } | undefined> => {
    try {
      const answer = await work
      tell('service')
      return { answer }
    } catch (error) {
      if (!isUnavailable(error)) throw error
      tell('tables')
      return undefined
    }
  }
  return {
    conditions,
    list: async (signal) => {
      const found = await ifAllowed(taggedTables(context, conditions, signal))
      return found === undefined ? undefined : new Set(found.answer.map(({ arn }) => arn))
    },
    missing: async (arn, signal) => {
      const found = told === 'tables' ? undefined : await ifAllowed(tagsInService(context, arn, signal))
      const tags = found === undefined ? await tagsOfTable(context, { arn, budget }, signal) : found.answer
      return missingTag(tags ?? new Map(), conditions)
    },
  }
}

/** Not allowed, or not there: DynamoDB Local does not have that service. */
function isUnavailable(error: unknown): boolean {
  if (error instanceof TailraceError) return error.code === 'AWS_ACCESS_DENIED'
  return error instanceof AwsServiceError && error.type === 'UnknownOperationException'
}
