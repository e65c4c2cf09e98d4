import { isJsonObject } from '../aws/json-object.ts'
import { TailraceError } from '../errors.ts'
import { patientCall } from './source-context.ts'
import type { SourceContext } from './source-context.ts'

/**
 * A table as requests name it. Give the ARN where it is known: a name alone is a table of whoever asks, and another account may have one of
 * the same name. DynamoDB Local does not know its own ARNs, which are of a region that is none.
 */
export function requestedName(nameOrArn: string): string {
  return nameOrArn.includes(':ddblocal:') ? nameOrArn.slice(nameOrArn.indexOf('/') + 1) : nameOrArn
}

/** The names of all tables of the account in the region, page by page (dynamodb:ListTables). Throttles and the like are waited out. */
export async function listTableNames(context: SourceContext, signal: AbortSignal): Promise<readonly string[]> {
  const names: string[] = []
  for (let start: string | undefined; ;) {
    const page = await patientCall(
      context,
      {
        service: 'dynamodb',
        action: 'ListTables',
        body: { Limit: 100, ...(start === undefined ? {} : { ExclusiveStartTableName: start }) },
        subject: {},
        read: (answer) => readTableNames(answer.body),
      },
      signal,
    )
    names.push(...page.names)
    if (page.last === undefined) return names
    start = page.last
  }
}

function readTableNames(body: unknown): { readonly names: readonly string[]; readonly last: string | undefined } {
  const names: unknown = isJsonObject(body) ? body['TableNames'] : undefined
  const last = isJsonObject(body) ? (body['LastEvaluatedTableName'] ?? undefined) : undefined
  if (!Array.isArray(names) || (last !== undefined && typeof last !== 'string')) {
    throw new TailraceError('AWS_RESPONSE', 'ListTables answered without readable names')
  }
  return { names: names.filter((name) => typeof name === 'string'), last: last === '' ? undefined : last }
}
