import { describe, expect, it } from 'vitest'
import { tableOf } from '../../../test/oracle/arbitrary-items.ts'
import { createDebeziumEnvelope } from '../../envelope/debezium-envelope.ts'
import { firstEntry } from '../../pipeline/table-life.ts'
import type { RowInput, RowOutput, VanishedInput } from '../../pipeline/stages.ts'
import type { RecordTransform } from '../../transform/record-transform.ts'
import { createJsonSerializer } from '../../serialize/json-serializer.ts'
import { createRecordStages } from './record-stages.ts'
import { processRows } from './row-stages.ts'

const table = tableOf('NEW_IMAGE')
const envelope = createDebeziumEnvelope({ table, name: 'shop', connectorVersion: '0.0.0', tombstonesOnDelete: true })
const serializer = createJsonSerializer({ numbers: 'exact', schemasEnable: false })
const items = ['a', 'b', 'c', 'd'].map((pk) => ({ pk: { S: pk }, sk: { N: '1' }, note: { S: 'x'.repeat(10) } }))
const never = new AbortController().signal
const run = (more: Partial<RowInput>): Promise<RowOutput> =>
  processRows(
    {
      table: firstEntry(table, { topic: 'shop.orders', partitions: 3, id: 'x' }, undefined),
      items,
      form: 'items',
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
    { envelopeFor: () => envelope, serializer, name: 'shop' },
    never,
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
  it('are marked in the words of Debezium', async () => {
    expect(marksOf(await run({}))).toEqual(['a r true', 'b r true', 'c r true', 'd r true'])
    expect(marksOf(await run({ isFirst: true }))[0]).toBe('a r first')
    expect(marksOf(await run({ isLast: true })).at(-1)).toBe('d r last')
    expect(marksOf(await run({ isFirst: true, isLast: true, items: items.slice(0, 1) }))).toEqual(['a r last'])
    expect(marksOf(await run({ kind: 'incremental', isFirst: true, isLast: true }))).toEqual(
      ['a', 'b', 'c', 'd'].map((key) => `${key} r incremental`),
    )
  })

  it('leave out what is displaced; the first and the last are those that are left', async () => {
    const output = await run({ isFirst: true, isLast: true, isDisplaced: without('a', 'd') })
    expect(marksOf(output)).toEqual(['b r first', 'c r last'])
    expect(output.rows).toBe(2)
    expect(await run({ isFirst: true, isLast: true, isDisplaced: () => true })).toMatchObject({ records: [], rows: 0 })
  })

  it('carry the time at which they were read, and no place in the stream', async () => {
    const [record] = (await run({})).records
    expect(record?.timestamp).toBe(1_795_426_137_123)
    expect(record?.headers.map(([name]) => name.toString())).toEqual(['tailrace.table'])
    expect(JSON.parse(String(record?.value))).toMatchObject({
      before: null,
      source: { ts_ms: 1_795_426_137_123, sequence: null, sequence_number: null, shard_id: null, event_id: null },
    })
  })

  it('are refused as a page if one of them is too large or cannot be read, and no value of it is shown', async () => {
    const large = { pk: { S: 'secret' }, sk: { N: '1' }, note: { S: 'secret'.repeat(1_000) } }
    const { failure } = await run({ items: [...items, large], maxRecordBytes: 2_000 })
    expect(failure).toMatchObject({ code: 'RECORD_TOO_LARGE', message: expect.stringContaining('row of a snapshot') })
    expect(failure?.message).not.toContain('secret')
    const unreadable = await run({ items: [{ pk: { S: 'secret' }, sk: { X: '1' } }] })
    expect(unreadable.failure).toMatchObject({ code: 'RECORD_UNREADABLE' })
  })
})

const stages = createRecordStages({ envelopeFor: () => envelope, serializer, name: 'shop' })
const vanish = (
  keys: readonly string[],
  more: Partial<VanishedInput> = {},
  by: typeof stages = stages,
): Promise<RowOutput> =>
  by.processVanished(
    {
      table: firstEntry(table, { topic: 'shop.orders', partitions: 3, id: 'x' }, undefined),
      keys: keys.map((key) => Buffer.from(key)),
      kind: 'initial',
      readAtMs: 1_795_426_137_123,
      maxRecordBytes: 100_000,
      nowMs: 1_795_426_138_000,
      isDisplaced: () => false,
      ...more,
    },
    never,
  )

describe('the deletes of items that are gone', () => {
  const keys = ['{"pk":"a","sk":12345678901234567890123456789012345678}', '{"pk":"b","sk":0.5}']

  it('have the keys that were read back, byte for byte, and a tombstone behind them', async () => {
    const { records, rows, failure } = await vanish(keys)
    expect(failure).toBeUndefined()
    expect(rows).toBe(2)
    expect(records.map(({ key }) => String(key))).toEqual(keys.flatMap((key) => [key, key]))
    expect(records[1]?.value).toBeNull()
    const text = String(records[0]?.value)
    expect(text).toContain(`"before":${keys[0]},"after":null`)
    expect(JSON.parse(text)).toMatchObject({ op: 'd', source: { snapshot: 'true', sequence_number: null } })
  })

  it('are left out where a newer change has come', async () => {
    expect((await vanish(keys, { isDisplaced: without('a') })).records.map(({ key }) => String(key))).toEqual([
      keys[1],
      keys[1],
    ])
  })

  it('are refused where transforms send them elsewhere: their items would stay', async () => {
    const routes: RecordTransform = {
      apply: (record) => ({ ...record, topic: 'elsewhere' }),
      shapes: (shapes) => shapes,
    }
    const options = { envelopeFor: () => envelope, serializer, name: 'shop', recordTransforms: [routes] }
    expect(await vanish(keys, {}, createRecordStages(options))).toMatchObject({
      records: [],
      failure: { code: 'ROUTE_REFUSED' },
    })
  })

  it('are refused where the topic has keys of another form', async () => {
    for (const key of ['{"pk":"a","sk":"1"}', '{"pk":"a","sk":abc}', '{"pk":"a"}', 'x'])
      expect(await vanish([key])).toMatchObject({ records: [], failure: { code: 'SNAPSHOT_KEYS' } })
  })
})

describe('a record that is read back', async () => {
  const headers = [['tailrace.table', Buffer.from(table.name)]] as const
  const delivered = (await run({ items: items.slice(0, 1) })).records[0]?.value ?? null
  const deleted = (await vanish(['{"pk":"a","sk":1}'])).records[0]?.value ?? null

  it('says whether its item is there', async () => {
    expect(stages.presenceOf({ value: delivered, headers }, table)).toBe('there')
    expect(stages.presenceOf({ value: deleted, headers }, table)).toBe('gone')
    expect(stages.presenceOf({ value: null, headers }, table)).toBe('gone')
    const looksDeleted = (await run({ items: [{ ...items[0], note: { S: '"op":"d"' } }] })).records[0]?.value ?? null
    expect(stages.presenceOf({ value: looksDeleted, headers }, table)).toBe('there')
  })

  it('says nothing of a table that it is not of', async () => {
    expect(stages.presenceOf({ value: delivered, headers: [] }, table)).toBe('foreign')
    const others = [['tailrace.table', Buffer.from('others')]] as const
    expect(stages.presenceOf({ value: delivered, headers: others }, table)).toBe('foreign')
  })
})
