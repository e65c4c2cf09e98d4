import { AwsServiceError } from '../../aws/aws.ts'
import type { Table } from '../../change/table.ts'
import { TailraceError } from '../../errors.ts'
import { patientCall } from '../source-context.ts'
import type { SourceContext } from '../source-context.ts'
import { listTableNames } from '../table-names.ts'
import { readTableDescription } from './table-description.ts'
import type { TableRequirements } from './table-description.ts'
import { isNamePattern, matchesNamePattern } from '../../change/name-pattern.ts'

/** Which tables are meant, and what is asked of them. */
export interface TableSelection extends TableRequirements {
  /** Names, ARNs, and patterns with `*` and `?`. */
  readonly tables: readonly string[]
  /** The region that requests go to; an ARN of another one is refused. */
  readonly region: string
}

/** DescribeTable is limited per account, and tables can be many. */
const describesAtOnce = 8

/**
 * The tables that names and patterns mean now, each once, ordered by name. A named table that does not exist or cannot
 * be read is an error; a table that only matches a pattern is left out with an event, but a pattern that yields nothing
 * is an error too. Tables are listed (dynamodb:ListTables) only if there is a pattern.
 */
export async function findTables(
  context: SourceContext,
  selection: TableSelection,
  signal: AbortSignal,
): Promise<readonly Table[]> {
  const named = selection.tables.filter((text) => !isNamePattern(text))
  const patterns = selection.tables.filter(isNamePattern)
  const found = new Map<string, Table>()
  const describeNamed = (name: string): Promise<Table> => describeTable(context, selection, name, signal)
  for (const table of await inBatches(named, describeNamed)) found.set(table.arn, table)

  const candidates = patterns.length === 0 ? [] : await listTableNames(context, signal)
  const matching = candidates.filter((name) => patterns.some((pattern) => matchesNamePattern(pattern, name)))
  const describeMatching = (name: string): Promise<Table | undefined> =>
    describeIfReadable(context, selection, name, signal)
  const readable = await inBatches(matching, describeMatching)
  for (const table of readable) if (table !== undefined) found.set(table.arn, table)

  for (const pattern of patterns) {
    if (![...found.values()].some((table) => matchesNamePattern(pattern, table.name)))
      throw nothingMatches(pattern, selection.region)
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** One table by name or ARN. Throws TABLE_NOT_FOUND, STREAM_DISABLED, STREAM_VIEW_TYPE, AWS_REGION. */
export async function describeTable(
  context: SourceContext,
  selection: TableSelection,
  nameOrArn: string,
  signal: AbortSignal,
): Promise<Table> {
  if (nameOrArn.startsWith('arn:')) refuseOtherRegion(nameOrArn, selection.region)
  try {
    return await patientCall(
      context,
      {
        service: 'dynamodb',
        action: 'DescribeTable',
        body: { TableName: nameOrArn },
        subject: { table: nameOrArn },
        read: (answer) => readTableDescription(answer.body, selection),
      },
      signal,
    )
  } catch (error) {
    // A name that no table can have is answered by a ValidationException.
    if (
      error instanceof AwsServiceError &&
      (error.type === 'ResourceNotFoundException' || error.type === 'ValidationException')
    ) {
      throw new TailraceError('TABLE_NOT_FOUND', `There is no table ${nameOrArn} in ${selection.region}`, {
        cause: error,
        details: { table: nameOrArn, region: selection.region },
      })
    }
    throw error
  }
}

async function describeIfReadable(
  context: SourceContext,
  selection: TableSelection,
  name: string,
  signal: AbortSignal,
): Promise<Table | undefined> {
  try {
    return await describeTable(context, selection, name, signal)
  } catch (error) {
    // Not found: deleted since it was listed.
    if (
      !(error instanceof TailraceError) ||
      !['TABLE_NOT_FOUND', 'STREAM_DISABLED', 'STREAM_VIEW_TYPE'].includes(error.code)
    )
      throw error
    context.emit({ kind: 'table-skipped', table: name, code: error.code })
    return undefined
  }
}

async function inBatches<In, Out>(inputs: readonly In[], work: (input: In) => Promise<Out>): Promise<Out[]> {
  const results: Out[] = []
  for (let i = 0; i < inputs.length; i += describesAtOnce) {
    results.push(...(await Promise.all(inputs.slice(i, i + describesAtOnce).map(work))))
  }
  return results
}

function refuseOtherRegion(arn: string, region: string): void {
  const actual = /^arn:[^:]+:dynamodb:([^:]+):\d+:table\/[^/:]+$/.exec(arn)?.[1]
  if (actual === undefined) {
    throw new TailraceError('TABLE_NOT_FOUND', `${arn} is not the ARN of a table`, { details: { table: arn } })
  }
  // DynamoDB Local's tables are in no region of the real world.
  if (actual === region || actual === 'ddblocal') return
  throw new TailraceError('AWS_REGION', `Table ${arn} is in ${actual}, not in ${region}`, {
    details: { table: arn, region },
  })
}

function nothingMatches(pattern: string, region: string): TailraceError {
  return new TailraceError('TABLE_NOT_FOUND', `No readable table in ${region} matches ${pattern}`, {
    details: { pattern, region },
  })
}
