import { AwsServiceError } from '../../aws/aws.ts'
import type { RequestBudget } from '../../aws/throttling.ts'
import { isJsonObject } from '../../aws/json-object.ts'
import { TailraceError } from '../../errors.ts'
import { patientCall, withoutPatienceForRights } from '../source-context.ts'
import type { SourceContext } from '../source-context.ts'
import { readTags } from './read-tags.ts'

/**
 * The tags of one table (dynamodb:ListTagsOfResource), every page of them; undefined if there is no such table. Rejects with
 * AWS_ACCESS_DENIED where that is not allowed: others wait for the answer.
 */
export async function tagsOfTable(
  context: SourceContext,
  {
    arn,
    budget,
  }: {
    readonly arn: string
    /** Of the account, which has ten such requests per second. */ readonly budget: RequestBudget
  },
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string> | undefined> {
  const tags = new Map<string, string>()
  for (let next: string | undefined; ;) {
    await budget.take('ListTagsOfResource', signal)
    const page = await pageOf(context, { ResourceArn: arn, ...(next === undefined ? {} : { NextToken: next }) }, signal)
    if (page === undefined) return undefined
    for (const [key, value] of page.tags) tags.set(key, value)
    if (page.next === undefined) return tags
    next = page.next
  }
}

interface Page {
  readonly tags: ReadonlyMap<string, string>
  readonly next: string | undefined
}

async function pageOf(
  context: SourceContext,
  body: { readonly ResourceArn: string },
  signal: AbortSignal,
): Promise<Page | undefined> {
  const subject = { table: body.ResourceArn }
  const read = (answer: { readonly body: unknown }): Page => readPage(answer.body)
  try {
    return await patientCall(
      withoutPatienceForRights(context),
      { service: 'dynamodb', action: 'ListTagsOfResource', body, subject, read },
      signal,
    )
  } catch (error) {
    if (error instanceof AwsServiceError && error.type === 'ResourceNotFoundException') return undefined
    throw error
  }
}

function readPage(body: unknown): Page {
  const next = isJsonObject(body) ? (body['NextToken'] ?? undefined) : undefined
  if (!isJsonObject(body) || (next !== undefined && typeof next !== 'string'))
    throw new TailraceError('AWS_RESPONSE', 'ListTagsOfResource answered without readable tags')
  return { tags: readTags(body['Tags'] ?? [], 'ListTagsOfResource'), next: next === '' ? undefined : next }
}
