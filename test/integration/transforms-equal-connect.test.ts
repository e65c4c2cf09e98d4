import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Item } from '../../src/change/attribute-value.ts'
import type { ChangeEvent, Operation } from '../../src/change/change-event.ts'
import type { Document } from '../../src/change/document.ts'
import { documentsOf } from '../../src/envelope/debezium-document.ts'
import { createDebeziumEnvelope } from '../../src/envelope/debezium-envelope.ts'
import type { DocumentRecord } from '../../src/envelope/document-payload.ts'
import type { Payload } from '../../src/envelope/envelope.ts'
import { TailraceError } from '../../src/errors.ts'
import { createDocumentJson } from '../../src/serialize/document-json.ts'
import { createItemJson } from '../../src/serialize/item-json.ts'
import { createJsonSerializer } from '../../src/serialize/json-serializer.ts'
import { createJsonWriter } from '../../src/serialize/json-writer.ts'
import { runJudge } from '../servers/java-judge.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'
import { chainOf, origin, recordOf } from '../transforms/chain-of.ts'
import type { Properties } from '../transforms/chain-of.ts'
import { arbitraryConnectCase, arbitraryRow } from '../transforms/connect-cases.ts'
import type { ConnectCase } from '../transforms/connect-cases.ts'

const cases = fc.sample(arbitraryConnectCase, { seed: 1963, numRuns: 3000 })

describe("Kafka Connect's own transforms", () => {
  it('make the same of 3,000 records', async () => {
    const theirs = await judged(cases)
    expect(theirs).toHaveLength(cases.length)
    const kinds = new Map<string, number>()
    const different: unknown[] = []
    for (const [at, one] of cases.entries()) {
      const ours = ourOutcome(one)
      if (ours !== theirs[at]) different.push({ case: one, ours, theirs: theirs[at] })
      const kind = ours.split(' ', 1)[0] ?? ''
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
    }
    expect(different.slice(0, 3)).toEqual([])
    // Enough of each: both must not merely fail at everything.
    expect(kinds.get('record')).toBeGreaterThan(2000)
    expect(kinds.get('failed')).toBeGreaterThan(50)
  })
})

describe("Debezium's ExtractNewRecordState", () => {
  it('makes the same of 1,500 changes, whatever becomes of deletes', async () => {
    const changes = fc.sample(arbitraryUnwrapping, { seed: 1963, numRuns: 1500 })
    const records = changes.flatMap(({ settings, event }) => {
      const payload = envelope.wrap(event, 1_795_460_400_100)
      return documentsOf(payload).records.map((record, at) => ({ settings, payload, record, at }))
    })
    const lines = records.map(({ settings, payload, at }) => {
      const head = { steps: [step(settings)], schemas: true, topic: origin.topic, timestamp: origin.timestampMs }
      const { key, value } = withSchemas.serialize(payload)[at] ?? {}
      return `${JSON.stringify(head).slice(0, -1)},"key":${String(key)},"value":${value === null ? 'null' : String(value)}}`
    })
    const theirs = await judgedLines(lines)
    expect(theirs).toHaveLength(records.length)
    const different = records.flatMap(({ settings, record, payload }, at) => {
      const chain = chainOf([settings])
      const made = chain.apply(record, origin)
      const ours = made === undefined ? 'dropped' : shownPayload(made, payload)
      return ours === theirs[at] ? [] : [{ settings, record, ours, theirs: theirs[at] }]
    })
    expect(different.slice(0, 3)).toEqual([])
    expect(new Set(theirs.map((one) => one.split(' ', 1)[0]))).toEqual(new Set(['dropped', 'record']))
  })
})

const envelope = createDebeziumEnvelope({
  table: origin.table,
  name: 'shop',
  connectorVersion: '1.0',
  tombstonesOnDelete: true,
})
const withSchemas = createJsonSerializer({ numbers: 'exact', schemasEnable: true })

/** With everything that the form with schemas has a type for; without a name that a field of ours could have. */
const rows: fc.Arbitrary<Item> = fc
  .tuple(arbitraryRow, fc.boolean())
  .map(([row, hasMore]) => (hasMore ? { ...row, bytes: { B: 'AAEC' }, set: { SS: ['b', 'a'] } } : row))

const arbitraryUnwrapping: fc.Arbitrary<{ readonly settings: Properties; readonly event: ChangeEvent }> = fc
  .record({
    mode: fc.constantFrom('drop', 'tombstone', 'rewrite', 'rewrite-with-tombstone', 'delete-to-tombstone'),
    fields: fc.constantFrom(
      '',
      'op',
      'op,source.ts_ms',
      'table:from, ts_ms',
      'transaction.id,id',
      'nonsense,source.none',
      'account:a b',
    ),
    headers: fc.constantFrom('', 'op', 'table,db', 'source.sequence:position,op:what', 'nonsense'),
    prefix: fc.constantFrom('__', '', 'meta.'),
    operation: fc.constantFrom<Operation>('INSERT', 'MODIFY', 'REMOVE', 'READ'),
    before: rows,
    after: rows,
  })
  .map(({ mode, fields, headers, prefix, operation, before, after }) => ({
    settings: {
      type: 'io.debezium.transforms.ExtractNewRecordState',
      'delete.tombstone.handling.mode': mode,
      'add.fields': fields,
      'add.headers': headers,
      'add.headers.prefix': prefix,
    },
    event: changeOf(operation, before, after),
  }))

function changeOf(operation: Operation, before: Item, after: Item): ChangeEvent {
  const keys: Item = { pk: { S: 'a' }, sk: { N: '1' } }
  return {
    operation,
    keys,
    oldImage: operation === 'MODIFY' || operation === 'REMOVE' ? { ...keys, ...before } : undefined,
    newImage: operation === 'REMOVE' ? undefined : { ...keys, ...after },
    eventId: 'e1',
    shardId: 'shardId-1',
    sequenceNumber: '100',
    createdAtMs: 1_795_460_400_000,
    userIdentity: undefined,
    sizeBytes: 100,
    snapshot: operation === 'READ' ? 'true' : undefined,
  }
}

/** As a converter with schemas writes it; of the schemas, the payloads. */
function shownPayload(record: DocumentRecord, payload: Payload): string {
  const { event, table } = documentsOf(payload)
  const [written] = withSchemas.serialize({ kind: 'document', records: [record], event, table })
  const read = (bytes: Buffer | null | undefined): unknown =>
    bytes === null || bytes === undefined ? null : (JSON.parse(bytes.toString('utf8')) as { payload: unknown }).payload
  const headers = record.headers.map(([name, text]) => [name, text.toString()] as const)
  return shownRecord(record.topic ?? origin.topic, read(written?.key), read(written?.value), headers)
}

/** Of each case what Connect makes of it, as `ourOutcome` says it. */
async function judged(all: readonly ConnectCase[]): Promise<readonly string[]> {
  return judgedLines(all.map(caseLine))
}

async function judgedLines(all: readonly string[]): Promise<readonly string[]> {
  await using folder = await temporaryFolder()
  const file = join(folder.path, 'cases.ndjson')
  await writeFile(file, `${all.join('\n')}\n`)
  const verdict = await runJudge('connect-smt', { file })
  expect(verdict).toMatchObject({ exitCode: 0, errors: '' })
  return verdict.lines.map((line) => {
    const said = JSON.parse(line) as Answer
    if (said.dropped === true) return 'dropped'
    if (said.failed !== undefined) return 'failed'
    return shownRecord(said.topic ?? '', payloadOf(said.key), payloadOf(said.value), said.headers ?? [])
  })
}

/** What comes with a schema comes in a wrapper. */
function payloadOf(value: unknown): unknown {
  const isWrapped = typeof value === 'object' && value !== null && 'schema' in value && 'payload' in value
  return isWrapped ? value.payload : value
}

interface Answer {
  readonly dropped?: boolean
  readonly failed?: string
  readonly topic?: string
  readonly key?: unknown
  readonly value?: unknown
  readonly headers?: readonly (readonly [string, string | null])[]
}

function caseLine({ steps, topic, timestampMs, key, value }: ConnectCase): string {
  const parts = steps.map(({ settings, predicate, negate = false }) => ({
    ...step(settings),
    ...(predicate === undefined ? {} : { predicate: step(predicate), negate }),
  }))
  const head = JSON.stringify({ steps: parts, schemas: false, topic, timestamp: timestampMs }).slice(0, -1)
  return `${head},"key":${jsonOf(key)},"value":${value === null ? 'null' : jsonOf(value)}}`
}

function step({ type, ...settings }: Properties): { readonly type: unknown; readonly settings: object } {
  return { type, settings }
}

function ourOutcome({ steps, topic, timestampMs, key, value }: ConnectCase): string {
  const predicates = Object.fromEntries(
    steps.flatMap(({ predicate }, at) => (predicate === undefined ? [] : [[`p${at}`, predicate]])),
  )
  const chain = chainOf(
    steps.map(({ settings, predicate, negate }, at) => ({
      ...settings,
      ...(predicate === undefined ? {} : { predicate: `p${at}`, negate: String(negate) }),
    })),
    predicates,
  )
  try {
    const made = chain.apply(recordOf(value, { key }), { ...origin, topic, timestampMs })
    return made === undefined ? 'dropped' : shownOurs(made, topic)
  } catch (error) {
    if (error instanceof TailraceError && error.code === 'TRANSFORM_FAILED') return 'failed'
    throw error
  }
}

function shownOurs({ key, value, headers, topic }: DocumentRecord, own: string): string {
  const parsed = (document: Document | null): unknown => (document === null ? null : JSON.parse(jsonOf(document)))
  return shownRecord(
    topic ?? own,
    parsed(key),
    parsed(value),
    headers.map(([name, text]) => [name, text.toString()] as const),
  )
}

/**
 * Without nulls at the top: without a schema, Connect makes one of a field that is asked for and not there. Without
 * headers of null, which tailrace does not write.
 */
function shownRecord(
  topic: string,
  key: unknown,
  value: unknown,
  headers: readonly (readonly [string, string | null])[],
): string {
  const sent = headers.flatMap(([name, text]) => (text === null ? [] : [[name, headerText(text)]]))
  return `record ${topic} ${canonical(withoutNulls(key))} ${canonical(withoutNulls(value))} ${JSON.stringify(sent)}`
}

/** The members of a nested value in a header come in the order of a hash table there. */
function headerText(text: string): string {
  try {
    return canonical(JSON.parse(text))
  } catch {
    return text
  }
}

function withoutNulls(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null))
}

/** Equal for equal JSON, whatever the order of members. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`)
  return `{${members.sort().join(',')}}`
}

const writer = createJsonWriter()
const documents = createDocumentJson(writer, createItemJson(writer, 'exact'))

function jsonOf(document: Document): string {
  writer.reset()
  documents.document(document)
  return writer.take().toString('utf8')
}
