import { join } from 'node:path'
import type { AttributeValue, Item } from '../../src/change/attribute-value.ts'
import { makeHistory, rowIdentity } from '../oracle/declared-history.ts'
import type { DeclaredHistory } from '../oracle/declared-history.ts'
import { parseExactly } from '../oracle/exact-json.ts'
import { isValueRead } from '../oracle/read-values.ts'
import type { ReadForm } from '../oracle/read-values.ts'
import { runJudge } from '../servers/java-judge.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'
import { compareHistory, expectedChanges } from './compare-history.ts'
import type { ExpectedChange, ReadChange } from './compare-history.ts'
import type { Judge, Judgement } from './judge.ts'
import { debeziumJson, writeValues } from './write-history.ts'

/** Flink's `debezium-json` over a declared table, with `schema-include` and without. */
export const flinkJudges: readonly Judge[] = [false, true].map((hasSchemas) => ({
  name: 'flink',
  judge: (changes) => judgeByFlink(changes, hasSchemas),
}))

interface Column {
  readonly name: string
  readonly type: string
  /** Of what holds other values, in the form with schemas: JSON text. */
  readonly typeWithSchemas?: string
}

const columns: readonly Column[] = [
  { name: 'pk', type: 'STRING' },
  { name: 'sk', type: 'DECIMAL(38, 10)' },
  { name: 'name', type: 'STRING' },
  { name: 'total', type: 'DECIMAL(38, 10)' },
  { name: 'count', type: 'BIGINT' },
  { name: 'ratio', type: 'DOUBLE' },
  { name: 'done', type: 'BOOLEAN' },
  { name: 'photo', type: 'BYTES' },
  { name: 'tags', type: 'ARRAY<STRING>' },
  { name: 'sizes', type: 'ARRAY<BIGINT>' },
  { name: 'blobs', type: 'ARRAY<BYTES>' },
  { name: 'parts', type: 'ARRAY<STRING>', typeWithSchemas: 'STRING' },
  { name: 'address', type: 'ROW<city STRING, zip STRING, `floor` INT>', typeWithSchemas: 'STRING' },
  { name: 'labels', type: 'MAP<STRING, STRING>', typeWithSchemas: 'STRING' },
]

async function judgeByFlink(changes: number, hasSchemas: boolean): Promise<Judgement> {
  const history = makeHistory(hasSchemas ? 102 : 101, changes)
  const records = debeziumJson(history, { numbers: 'exact', schemasEnable: hasSchemas })
  await using folder = await temporaryFolder()
  const file = join(folder.path, 'values.ndjson')
  await writeValues(file, records)
  const { exitCode, lines, errors } = await runJudge('flink-debezium', {
    file,
    columns: columns.map((column) => `\`${column.name}\` ${typeOf(column, hasSchemas)}`).join(', '),
    key: 'pk, sk',
    'schema-include': String(hasSchemas),
    output: 'json',
  })
  const refused = lines.find((line) => line.startsWith('REFUSED'))
  const isRefused = exitCode !== 0 || refused !== undefined
  const reads = isRefused ? [] : lines.map(readChange)
  const comparison = compareHistory(history, changesOf(history), reads, (row, item) => isRowRead(row, item, hasSchemas))
  return {
    judge: `Flink debezium-json${hasSchemas ? ', with schemas' : ''}`,
    records: records.length,
    exceptions: isRefused ? 1 : 0,
    // What it leaves out or adds is among the changes that are not equal.
    passThroughs: 0,
    comparison,
    complaint: refused ?? (isRefused ? errors : comparison.difference),
  }
}

/** Of an update Flink makes two changes, of everything else one; of a tombstone none. */
function changesOf(history: DeclaredHistory): readonly ExpectedChange[] {
  const expected = expectedChanges(history)
  return history.events.flatMap(({ oldImage, operation }, index) => {
    const change = expected[index]
    if (change === undefined) return []
    if (operation !== 'MODIFY' || oldImage === undefined) return [change]
    return [{ ...change, isGone: true, row: oldImage }, change]
  })
}

function typeOf({ type, typeWithSchemas }: Column, hasSchemas: boolean): string {
  return hasSchemas ? (typeWithSchemas ?? type) : type
}

function readChange(line: string): ReadChange {
  const [kind, row] = parseExactly(line) as readonly [string, readonly unknown[]]
  const [pk, sk] = row as readonly [string, { readonly number: string }]
  return { identity: rowIdentity(pk, sk.number), isGone: kind === '-U' || kind === '-D', row }
}

function isRowRead(row: unknown, item: Item, hasSchemas: boolean): boolean {
  return (
    Array.isArray(row) &&
    row.length === columns.length &&
    columns.every((column, index) => isCellRead(row[index], item[column.name], column, hasSchemas))
  )
}

/** What a declared column can hold of an attribute. */
function isCellRead(
  cell: unknown,
  value: AttributeValue | undefined,
  { name, typeWithSchemas }: Column,
  hasSchemas: boolean,
): boolean {
  if (name === 'ratio' && value !== undefined && 'N' in value) return isSameDouble(cell, value.N)
  if (name === 'address' && !hasSchemas && value !== undefined && 'M' in value && Array.isArray(cell)) {
    const names = ['city', 'zip', 'floor']
    return cell.length === names.length && names.every((at, index) => isValueRead(cell[index], value.M[at], form))
  }
  return isValueRead(cell, value, hasSchemas && typeWithSchemas !== undefined ? { ...form, nested: 'json' } : form)
}

const form: ReadForm = { numbers: 'number', binaries: 'bytes', nested: 'values' }

function isSameDouble(cell: unknown, text: string): boolean {
  const { number } = (cell ?? {}) as { readonly number?: string }
  return number !== undefined && Number(number) === Number(text)
}
