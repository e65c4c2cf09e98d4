/** A record as a reader of the topic sees it, in the order of its partition. */
export interface TopicRecord {
  readonly key: Buffer | null
  readonly value: Buffer | null
}

export interface DebeziumRulesOptions {
  /** `tombstones.on.delete` as configured. */
  readonly hasTombstones: boolean
}

/**
 * The rules by which the readers of Debezium's envelope accept a record, checked over the records of one partition:
 *
 * 1. a schema, where there is one, is named `….Envelope`: Debezium's transforms let others pass unchanged;
 * 2. `source` holds flat scalars, and `db` and `table` are text;
 * 3. `op` is c, u, d or r;
 * 4. `ts_ms` is an integer, and so are its companions;
 * 5. the `before` of a `d` is an object that holds at least the key;
 * 6. a tombstone with the same key follows a `d` at once, and nothing else.
 *
 * Gives one line per violation; none if all is well.
 */
export function violatedDebeziumRules(records: readonly TopicRecord[], options: DebeziumRulesOptions): string[] {
  const violations: string[] = []
  let expectedTombstone: Buffer | undefined
  for (const [index, { key, value }] of records.entries()) {
    const report = (rule: number, what: string): void => void violations.push(`record ${index}: rule ${rule}: ${what}`)
    const isTombstone = value === null
    const isExpected = expectedTombstone !== undefined && key !== null && expectedTombstone.equals(key)
    if (isTombstone !== isExpected)
      report(6, isTombstone ? 'a tombstone without its delete' : 'a delete without its tombstone')
    expectedTombstone = undefined
    if (value === null) continue
    const op = checkEnvelope(objectOf(value), key, report)
    if (op === 'd' && options.hasTombstones && key !== null) expectedTombstone = key
  }
  if (expectedTombstone !== undefined) violations.push('end: rule 6: a delete without its tombstone')
  return violations
}

type Report = (rule: number, what: string) => void
type Json = Readonly<Record<string, unknown>>

function checkEnvelope(document: Json, key: Buffer | null, report: Report): unknown {
  const isWrapped = 'schema' in document && 'payload' in document
  if (isWrapped && !String(asObject(document['schema'])['name']).endsWith('.Envelope')) report(1, 'another schema name')
  const envelope = isWrapped ? asObject(document['payload']) : document
  checkSource(asObject(envelope['source']), report)
  const op = envelope['op']
  if (typeof op !== 'string' || !['c', 'u', 'd', 'r'].includes(op)) report(3, 'another op')
  for (const name of ['ts_ms', 'ts_us', 'ts_ns'])
    if (!Number.isInteger(envelope[name])) report(4, `${name} is no integer`)
  if (op === 'd') checkBefore(envelope['before'], key, report)
  return op
}

function checkSource(source: Json, report: Report): void {
  if (typeof source['db'] !== 'string' || typeof source['table'] !== 'string') report(2, 'db or table is not text')
  if ('schema' in source) report(2, 'source.schema is present')
  for (const [name, value] of Object.entries(source)) {
    if (typeof value === 'object' && value !== null) report(2, `source.${name} is not a scalar`)
  }
  for (const name of ['ts_ms', 'ts_us', 'ts_ns'])
    if (!Number.isInteger(source[name])) report(4, `source.${name} is no integer`)
}

function checkBefore(before: unknown, key: Buffer | null, report: Report): void {
  if (typeof before !== 'object' || before === null || key === null) {
    report(5, 'before is no object, or there is no key')
    return
  }
  const document = objectOf(key)
  const keys = 'schema' in document && 'payload' in document ? asObject(document['payload']) : document
  for (const [name, value] of Object.entries(keys)) {
    if (!isSame(asObject(before)[name], value)) report(5, `before lacks the key attribute ${name}`)
  }
}

/** A key's number has one canonical writing, the image's is as DynamoDB gave it. */
function isSame(held: unknown, key: unknown): boolean {
  return held === key || (held !== undefined && key !== '' && Number(held) === Number(key))
}

function objectOf(bytes: Buffer): Json {
  return asObject(JSON.parse(bytes.toString('utf8')))
}

function asObject(value: unknown): Json {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}
}
