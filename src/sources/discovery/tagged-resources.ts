import { AwsServiceError } from '../../aws/aws.ts'
import { isJsonObject } from '../../aws/json-object.ts'
import type { TagCondition } from '../../change/table-tags.ts'
import { TailraceError } from '../../errors.ts'
import { patientCall, withoutPatienceForRights } from '../source-context.ts'
import type { SourceContext } from '../source-context.ts'
import { readTags } from './read-tags.ts'

/** A table and its tags, as the tagging service knows them: it may be behind by a while. */
export interface TaggedTable {
  readonly arn: string
  readonly tags: ReadonlyMap<string, string>
}

interface Page {
  readonly tables: readonly TaggedTable[]
  readonly next: string | undefined
}

const perPage = 100
const tableArn = /^arn:[^:]+:dynamodb:[^:]+:[^:]+:table\/[^/:]+$/

/**
 * The tables of the account in the region that fulfil all conditions (tag:GetResources), every page of them. Rejects with
 * AWS_ACCESS_DENIED where that is not allowed.
 */
export async function taggedTables(
  context: SourceContext,
  conditions: readonly TagCondition[],
  signal: AbortSignal,
): Promise<readonly TaggedTable[]> {
  const filters = conditions.map(({ key, values }) => ({
    Key: key,
    ...(values === undefined ? {} : { Values: values }),
  }))
  const about = { TagFilters: filters, ResourceTypeFilters: ['dynamodb:table'], ResourcesPerPage: perPage }
  for (;;) {
    const tables = await allPages(context, about, signal)
    if (tables !== undefined) return tables
  }
}

/** The tags of one table, asked of the same service; undefined if it answers nothing about it, as of one without tags. */
export async function tagsInService(
  context: SourceContext,
  arn: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string> | undefined> {
  const { tables } = await getResources(context, { ResourceARNList: [arn] }, signal)
  return tables.find((table) => table.arn === arn)?.tags
}

/** Undefined if the place between two pages was forgotten: then it begins again. */
async function allPages(
  context: SourceContext,
  about: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<readonly TaggedTable[] | undefined> {
  const tables: TaggedTable[] = []
  for (let next: string | undefined; ;) {
    try {
      const page = await getResources(
        context,
        { ...about, ...(next === undefined ? {} : { PaginationToken: next }) },
        signal,
      )
      tables.push(...page.tables)
      if (page.next === undefined) return tables
      next = page.next
    } catch (error) {
      if (error instanceof AwsServiceError && error.type === 'PaginationTokenExpiredException' && next !== undefined)
        return undefined
      throw error
    }
  }
}

function getResources(
  context: SourceContext,
  body: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<Page> {
  // There is another way, so nobody waits for this right.
  const impatient = withoutPatienceForRights(context)
  const read = (answer: { readonly body: unknown }): Page => readPage(answer.body)
  return patientCall(impatient, { service: 'tagging', action: 'GetResources', body, subject: {}, read }, signal)
}

function readPage(body: unknown): Page {
  const list: unknown = isJsonObject(body) ? body['ResourceTagMappingList'] : undefined
  const next = isJsonObject(body) ? (body['PaginationToken'] ?? undefined) : undefined
  if (!Array.isArray(list) || (next !== undefined && typeof next !== 'string')) throw unreadable()
  const tables = list.flatMap((one: unknown): readonly TaggedTable[] => {
    const arn = isJsonObject(one) ? one['ResourceARN'] : undefined
    if (!isJsonObject(one) || typeof arn !== 'string') throw unreadable()
    return tableArn.test(arn) ? [{ arn, tags: readTags(one['Tags'] ?? [], 'GetResources') }] : []
  })
  return { tables, next: next === '' ? undefined : next }
}

function unreadable(): TailraceError {
  return new TailraceError('AWS_RESPONSE', 'GetResources answered without readable resources')
}
