import { describe, expect, it } from 'vitest'
import { violatedDebeziumRules } from './debezium-rules.ts'

const source = { db: 'us-east-1', table: 'orders', ts_ms: 1, ts_us: 1000, ts_ns: 1_000_000 }
const good = { before: null, after: { id: '1' }, source, op: 'c', ts_ms: 1, ts_us: 1000, ts_ns: 1_000_000 }
const removal = { ...good, op: 'd', before: { id: '1' }, after: null }

describe('violatedDebeziumRules', () => {
  it('accepts what readers accept', () => {
    expect(violations([good, removal, null, { ...good, op: 'r' }, { ...good, op: 'u', before: { id: '1' } }])).toEqual(
      [],
    )
    expect(violations([{ schema: { name: 'shop.orders.Envelope' }, payload: good }])).toEqual([])
  })

  it.each<[number, string, unknown[]]>([
    [1, 'another schema name', [{ schema: { name: 'shop.orders.Value' }, payload: good }]],
    [2, 'a source without db', [{ ...good, source: { ...source, db: null } }]],
    [2, 'a nested source', [{ ...good, source: { ...source, more: { a: 1 } } }]],
    [2, 'a source with schema', [{ ...good, source: { ...source, schema: null } }]],
    [3, 'another op', [{ ...good, op: 'm' }]],
    [4, 'a time in text', [{ ...good, ts_ms: '1' }]],
    [4, 'a fractional time', [{ ...good, source: { ...source, ts_ms: 1.5 } }]],
    [5, 'a delete without before', [{ ...removal, before: null }, null]],
    [5, 'a delete without its key', [{ ...removal, before: { other: 1 } }, null]],
    [5, 'a delete with another key', [{ ...removal, before: { id: 'x' } }, null]],
    [6, 'a delete without tombstone', [removal, good]],
    [6, 'a delete at the end', [removal]],
    [6, 'a tombstone without delete', [good, null]],
  ])('rule %i finds %s', (rule, _what, values) => {
    expect(violations(values)).toEqual([expect.stringContaining(`rule ${rule}`)])
  })
})

function violations(values: readonly unknown[]): string[] {
  const records = values.map((value) => ({
    key: Buffer.from('{"id":"one"}'.replace('one', '1')),
    value: value === null ? null : Buffer.from(JSON.stringify(value)),
  }))
  return violatedDebeziumRules(records, { hasTombstones: true })
}
