import { describe, expect, it } from 'vitest'
import { recordJson, recordLine } from './tailed-record.ts'
import type { TailedRecord } from './topic-tail.ts'

const at = Date.parse('2026-11-23T12:00:00.5Z')
const record = (key: string | Buffer | null, value: string | Buffer | null): TailedRecord => ({
  topic: 'shop.orders',
  partition: 2,
  record: {
    offset: 15n,
    timestamp: at,
    key: typeof key === 'string' ? Buffer.from(key) : key,
    value: typeof value === 'string' ? Buffer.from(value) : value,
    headers: [
      ['tailrace.table', Buffer.from('orders')],
      ['none', null],
    ],
  },
})
const key = '{"id":"a"}'
const place = 'shop.orders-2@15'

describe('a line for people', () => {
  it.each([
    [
      'an update',
      '{"before":{"id":"a","n":1,"gone":true},"after":{"id":"a","n":2,"made":null},"op":"u"}',
      `2026-11-23T12:00:00.500Z  UPDATE     {"id":"a"}  gone removed: true, made added: null, n 1 → 2  ${place}`,
    ],
    ['an insert', '{"before":null,"after":{"id":"a","n":1},"op":"c"}', `INSERT     {"id":"a"}  n 1  ${place}`],
    ['a delete', '{"before":{"id":"a","n":1},"after":null,"op":"d"}', `DELETE     {"id":"a"}  n 1  ${place}`],
    ['a tombstone', null, `TOMBSTONE  {"id":"a"}  ${place}`],
    ['something else', '{"x":1}', `RECORD     {"id":"a"}  {"x":1}  ${place}`],
    ['no JSON', 'plain', `RECORD     {"id":"a"}  plain  ${place}`],
    ['no text', Buffer.from([0xff, 0]), `RECORD     {"id":"a"}  (2 bytes)  ${place}`],
  ])('%s', (_, value, line) => {
    expect(recordLine(record(key, value))).toContain(line)
  })

  it('knows the wrapper with a schema, in key and value', () => {
    const schema = '{"type":"struct","fields":[{"field":"payload"}]}'
    const value = `{"schema":${schema},"payload":{"before":null,"after":{"id":"a","n":1},"op":"c"}}`
    const line = recordLine(record(`{"schema":${schema},"payload":{"id":"a"}}`, value))
    expect(line).toContain(`INSERT     {"id":"a"}  n 1  ${place}`)
  })

  it('tells numbers apart that a double would round to the same', () => {
    const image = (digits: string): string => `{"id":"a","n":${digits}}`
    const value = `{"before":${image('9007199254740993')},"after":${image('9007199254740992')},"op":"u"}`
    expect(recordLine(record(key, value))).toMatch(/9007199254740993 → .*2 /)
  })

  it('is one line that no terminal obeys', () => {
    const line = recordLine(record('{"id":"\u001b[31m"}\n', 'a\nb\u0007'))
    for (const control of ['\n', '\u001b', '\u0007']) expect(line).not.toContain(control)
  })

  it('says when there is no key', () => {
    expect(recordLine(record(null, 'x'))).toContain('(no key)')
  })
})

describe('a record in JSON', () => {
  it('holds what the topic holds, digit by digit', () => {
    const value = '{"after":{"n":12345678901234567890.10},"op":"c"}'
    expect(recordJson(record(key, value))).toEqual({
      topic: 'shop.orders',
      partition: 2,
      offset: 15,
      timestamp: at,
      key,
      value,
      headers: { 'tailrace.table': 'orders', none: null },
    })
  })

  it('loses no byte of what is no text', () => {
    const bytes = Buffer.from([0xff, 0xfe, 0, 1])
    expect(recordJson(record(bytes, null))).toMatchObject({ key: { base64: bytes.toString('base64') }, value: null })
  })
})
