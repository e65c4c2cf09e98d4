import { matchesNamePattern } from '../../change/name-pattern.ts'
import type { Table } from '../../change/table.ts'

/**
 * True if a data collection of a signal means the table: by its name, its ARN, `region.name` as `source.db` and
 * `source.table` have it, or a pattern of one of them with `*` and `?`. Of Debezium's regular expressions those are
 * understood that hold nothing but names, `.*`, `\.`, `^` and `$`.
 */
export function meansTable(collection: string, { name, arn, region }: Table): boolean {
  const names = [name, arn, `${region}.${name}`]
  const patterns = [collection, asNamePattern(collection)]
  return names.some((text) => patterns.some((pattern) => pattern === text || matchesNamePattern(pattern, text)))
}

function asNamePattern(expression: string): string {
  return expression.replace(/^\^/, '').replace(/\$$/, '').replaceAll('.*', '*').replaceAll('\\.', '.')
}
