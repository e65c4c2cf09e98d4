import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Item } from '../../src/change/attribute-value.ts'
import type { ChangeEvent, Operation } from '../../src/change/change-event.ts'
import { createDebeziumEnvelope } from '../../src/envelope/debezium-envelope.ts'
import { createJsonSerializer } from '../../src/serialize/json-serializer.ts'
import type { SerializedRecord } from '../../src/serialize/serializer.ts'
import { arbitraryChange, tableOf } from '../oracle/arbitrary-items.ts'
import { runJudge } from '../servers/java-judge.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'

const table = tableOf('NEW_AND_OLD_IMAGES')

const first: Item = row('a', {
  total: { N: '1234567890.12345678901234567' },
  done: { BOOL: false },
  tags: { SS: ['y', 'x'] },
})
const second: Item = row('a', { total: { N: '-1E-15' }, done: { BOOL: true }, address: { M: { zip: { S: '0"1' } } } })
const other: Item = row('b', {
  total: { N: '2E3' },
  photo: { B: 'AAEC' },
  note: { NULL: true },
  list: { L: [{ N: '1.50' }] },
})

const history: readonly ChangeEvent[] = [
  change('INSERT', undefined, first),
  change('MODIFY', first, second),
  change('READ', undefined, other),
  change('REMOVE', second, undefined),
]

describe("Debezium's ExtractNewRecordState", () => {
  it('unwraps the form with schemas, to a row or to nothing', async () => {
    const verdict = await judgeBySmt(write(history, true), {})
    expect(verdict).toEqual({
      exitCode: 0,
      errors: '',
      lines: [
        'SINK 0 {pk=a, sk=1} -> {pk=a, sk=1, total=1234567890.12345678901234567, done=false, tags=[x, y]}',
        'SINK 1 {pk=a, sk=1} -> {pk=a, sk=1, total=-1E-15, done=true, address={"zip":"0\\"1"}}',
        'SINK 2 {pk=b, sk=1} -> {pk=b, sk=1, total=2E3, photo=0x000102, note=null, list=[1.50]}',
        'SINK 3 {pk=a, sk=1} -> null',
        'SINK 4 {pk=a, sk=1} -> DROPPED',
        'ROW {pk=b, sk=1} = {pk=b, sk=1, total=2E3, photo=0x000102, note=null, list=[1.50]}',
        'ROWS 1',
      ],
    })
  })

  it('rewrites deletes and adds fields of the envelope', async () => {
    const verdict = await judgeBySmt(write(history, true), {
      'smt.delete.tombstone.handling.mode': 'rewrite',
      'smt.add.fields': 'op,source.ts_ms,source.table',
    })
    const added = '__op=d, __source_ts_ms=1795426137000, __source_table=orders'
    expect(verdict).toMatchObject({ exitCode: 0, errors: '' })
    expect(verdict.lines[3]).toBe(
      `SINK 3 {pk=a, sk=1} -> {pk=a, sk=1, total=-1E-15, done=true, address={"zip":"0\\"1"}, __deleted=true, ${added}}`,
    )
    expect(verdict.lines.at(-1)).toBe('ROWS 1')
  })

  it('takes any change of any view type with a new image for an envelope, and refuses none', async () => {
    const changes = fc.sample(arbitraryChange, { seed: 46, numRuns: 600 }).filter(({ event }) => isFit(event))
    const records = changes.flatMap(({ table, event }) => writeOne(event, true, table))
    const values = records.flatMap(({ value }) => (value === null ? [] : [value.toString('utf8')]))
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'values.ndjson')
    await writeFile(file, `${values.join('\n')}\n`)
    const verdict = await runJudge('debezium-smt', { file })
    expect(verdict).toMatchObject({ exitCode: 0, errors: '' })
    const outcomes = verdict.lines.filter((line) => /^SINK \d+ /.test(line))
    expect(outcomes).toHaveLength(values.length)
    expect(values.length).toBeGreaterThan(300)
    expect(outcomes.filter((line) => / -> (?:UNCHANGED|DROPPED)/.test(line))).toEqual([])
  })
})

describe("Flink's debezium-json", () => {
  it.each([false, true])('reads the changelog, numbers exact (with schemas: %s)', async (hasSchemas) => {
    const records = write(history, hasSchemas)
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'values.ndjson')
    await writeFile(
      file,
      records.flatMap(({ value }) => (value === null ? [] : [`${value.toString('utf8')}\n`])).join(''),
    )
    const verdict = await runJudge('flink-debezium', {
      file,
      columns: 'pk STRING, sk INT, total DECIMAL(38, 17), done BOOLEAN, tags STRING, address STRING',
      key: 'pk',
      'schema-include': String(hasSchemas),
    })
    const a = '[a, 1, 1234567890.12345678901234567, false, ["x","y"], null]'
    const b = '[b, 1, 2000.00000000000000000, null, null, null]'
    const changed = String.raw`[a, 1, -1.00E-15, true, null, {"zip":"0\"1"}]`
    expect(verdict).toMatchObject({
      exitCode: 0,
      lines: [
        `CHANGE +I ${a}`,
        `CHANGE -U ${a}`,
        `CHANGE +U ${changed}`,
        `CHANGE +I ${b}`,
        `CHANGE -D ${changed}`,
        `ROW ${b}`,
        'ROWS 1',
      ],
    })
  })
})

/** Keys and values, one record a line. */
async function judgeBySmt(records: readonly SerializedRecord[], settings: Readonly<Record<string, string>>) {
  await using folder = await temporaryFolder()
  const file = join(folder.path, 'records.ndjson')
  const lines = records.map(
    ({ key, value }) => `{"key":${String(key)},"value":${value === null ? 'null' : String(value)}}\n`,
  )
  await writeFile(file, lines.join(''))
  return await runJudge('debezium-smt', { file, keyed: 'true', ...settings })
}

function write(events: readonly ChangeEvent[], schemasEnable: boolean): readonly SerializedRecord[] {
  return events.flatMap((event) => writeOne(event, schemasEnable, table))
}

function writeOne(event: ChangeEvent, schemasEnable: boolean, of: typeof table): readonly SerializedRecord[] {
  const envelope = createDebeziumEnvelope({
    table: of,
    name: 'shop',
    connectorVersion: '0.1.0',
    tombstonesOnDelete: true,
  })
  return createJsonSerializer({ numbers: 'exact', schemasEnable }).serialize(envelope.wrap(event, 1_795_426_137_123))
}

/**
 * Connect knows no empty field name, and DynamoDB no empty attribute name. A change without any image means a delete to
 * the transform, whatever its operation: streams of OLD_IMAGE are refused unless asked for.
 */
function isFit({ operation, oldImage, newImage, keys }: ChangeEvent): boolean {
  const images = [oldImage ?? keys, newImage ?? keys]
  return (operation === 'REMOVE' || newImage !== undefined) && !images.some((image) => Object.hasOwn(image, ''))
}

function change(operation: Operation, oldImage: Item | undefined, newImage: Item | undefined): ChangeEvent {
  const { pk = { S: '' }, sk = { N: '0' } } = newImage ?? oldImage ?? {}
  const isRow = operation === 'READ'
  return {
    operation,
    keys: { pk, sk },
    oldImage,
    newImage,
    eventId: isRow ? '' : 'e862b143',
    shardId: isRow ? '' : 'shardId-00000001795426137710-6c8358a2',
    sequenceNumber: isRow ? '' : '000000000000000000001',
    createdAtMs: 1_795_426_137_000,
    userIdentity: undefined,
    sizeBytes: 26,
    snapshot: isRow ? 'true' : undefined,
  }
}

function row(pk: string, attributes: Item): Item {
  return { pk: { S: pk }, sk: { N: '1' }, ...attributes }
}
