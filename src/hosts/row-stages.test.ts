import { describe, expect, it } from 'vitest'
import { tableOf } from '../../test/oracle/arbitrary-items.ts'
import { createDebeziumEnvelope } from '../envelope/debezium-envelope.ts'
import { firstEntry } from '../pipeline/table-life.ts'
import type { RowInput, RowOutput } from '../pipeline/stages.ts'
import { createJsonSerializer } from '../serialize/json-serializer.ts'
import { processRows } from './row-stages.ts'

const table = tableOf('NEW_IMAGE')
const envelope = createDebeziumEnvelope({ table, name: 'shop', connectorVersion: '0.0.0', tombstonesOnDelete: true })
const serializer = createJsonSerializer({ numbers: 'exact', schemasEnable: false })
const items = ['a', 'b', 'c', 'd'].map((pk) => ({ pk: { S: pk }, sk: { N: '1' }, note: { S: 'x'.repeat(10) } }))
const run = (more: Partial<RowInput>): RowOutput =>
  processRows(
    {
      table: firstEntry(table, { topic: 'shop.orders', partitions: 3, id: 'x' }, undefined),
      items,
      kind: 'initial',
      isFirst: false,
      isLast: false,
      readAtMs: 1_795_426_137_123,
      maxRecordBytes: 100_000,
      nowMs: 1_795_426_138_000,
      isDisplaced: () => false,
      ...more,
    },
    envelope,
    serializer,
  )
const marksOf = ({ records }: RowOutput): readonly string[] =>
  records.map(({ key, value }) => {
    const { source, op } = JSON.parse(String(value)) as {
      readonly source: { readonly snapshot: string }
      readonly op: string
    }
    return `${(JSON.parse(String(key)) as { readonly pk: string }).pk} ${op} ${source.snapshot}`
  })
const without =
  (...keys: readonly string[]) =>
  (key: Buffer): boolean =>
    keys.includes((JSON.parse(key.toString()) as { readonly pk: string }).pk)

describe('the rows of a page', () => {
  it('are marked in the words of Debezium', () => {
    expect(marksOf(run({}))).toEqual(['a r true', 'b r true', 'c r true', 'd r true'])
    expect(marksOf(run({ isFirst: true }))[0]).toBe('a r first')
    expect(marksOf(run({ isLast: true })).at(-1)).toBe('d r last')
    expect(marksOf(run({ isFirst: true, isLast: true, items: items.slice(0, 1) }))).toEqual(['a r last'])
    expect(marksOf(run({ kind: 'incremental', isFirst: true, isLast: true }))).toEqual(
      ['a', 'b', 'c', 'd'].map((key) => `${key} r incremental`),
    )
  })

  it('leave out what is displaced; the first and the last are those that are left', () => {
    const output = run({ isFirst: true, isLast: true, isDisplaced: without('a', 'd') })
    expect(marksOf(output)).toEqual(['b r first', 'c r last'])
    expect(output.rows).toBe(2)
    expect(run({ isFirst: true, isLast: true, isDisplaced: () => true })).toMatchObject({ records: [], rows: 0 })
  })

  it('carry the time at which they were read, and no place in the stream', () => {
    const [record] = run({}).records
    expect(record?.timestamp).toBe(1_795_426_137_123)
    expect(record?.headers.map(([name]) => name.toString())).toEqual(['tailrace.table'])
    expect(JSON.parse(String(record?.value))).toMatchObject({
      before: null,
      source: { ts_ms: 1_795_426_137_123, sequence: null, sequence_number: null, shard_id: null, event_id: null },
    })
  })

  it('are refused as a page if one of them is too large or cannot be read, and no value of it is shown', () => {
    const large = { pk: { S: 'secret' }, sk: { N: '1' }, note: { S: 'secret'.repeat(1_000) } }
    const { failure } = run({ items: [...items, large], maxRecordBytes: 2_000 })
    expect(failure).toMatchObject({ code: 'RECORD_TOO_LARGE', message: expect.stringContaining('row of a snapshot') })
    expect(failure?.message).not.toContain('secret')
    expect(run({ items: [{ pk: { S: 'secret' }, sk: { X: '1' } }] }).failure).toMatchObject({
      code: 'RECORD_UNREADABLE',
    })
  })
})
