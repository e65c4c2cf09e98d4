import { isNamePattern, matchesNamePattern } from '../../change/name-pattern.ts'
import { TailraceError } from '../../errors.ts'
import type { TagSearch } from '../discovery/tag-search.ts'
import type { TableRequirements } from './table-description.ts'

/** Which tables are meant, and what is asked of them. */
export interface TableSelection extends TableRequirements {
  /** Names, ARNs, and patterns with `*` and `?`. */
  readonly tables: readonly string[]
  /** Finds those that have the tags that are wanted besides; undefined where tags do not matter. */
  readonly tags?: TagSearch | undefined
  /** The region that requests go to; an ARN of another one is refused. */
  readonly region: string
}

/** True if one of the names, patterns and ARNs means the table. */
export function selects(
  tables: readonly string[],
  { name, arn }: { readonly name: string; readonly arn: string },
): boolean {
  return tables.some((text) => text === name || text === arn || (isNamePattern(text) && matchesNamePattern(text, name)))
}

/** Throws TABLE_NOT_FOUND for an ARN that is no table's, and AWS_REGION for one of another region. */
export function refuseOtherRegion(arn: string, region: string): void {
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

/** For a pattern, or for tags, without any table; or without any that may be looked at, if a right is missing. */
export function nothingMatches(pattern: string, region: string, denied?: TailraceError): TailraceError {
  const message = `No readable table in ${region} matches ${pattern}`
  const details = { pattern, region }
  if (denied === undefined) return new TailraceError('TABLE_NOT_FOUND', message, { details })
  return new TailraceError('AWS_ACCESS_DENIED', `${message}: ${denied.message}`, { cause: denied, details })
}
