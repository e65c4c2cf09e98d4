import { describe, expect, it } from 'vitest'
import { tableOf } from '../../test/oracle/arbitrary-items.ts'
import { TailraceError } from '../errors.ts'
import { letterOf } from './dead-letter.ts'
import type { DeadLetter } from './dead-letter.ts'
import { decodeLetterKey } from './letter-key.ts'
import { header, letterHeaders } from './letter-headers.ts'
import type { RejectedRecord } from './rejection.ts'
import { createLetterFold } from './stored-letter.ts'
import type { LetterRecord, StoredLetter } from './stored-letter.ts'

const table = tableOf('NEW_AND_OLD_IMAGES')
const error = new TailraceError('RECORD_UNREADABLE', 'a value has an unknown type', {
  cause: new Error('secret-cause'),
})
const wire: unknown = JSON.parse('{"dynamodb":{"SequenceNumber":"7","NewImage":{"__proto__":{"Q":"secret-value"}}}}')
const change: RejectedRecord = {
  stage: 'VALUE_DECODER',
  error,
  wire,
  origin: { kind: 'change', shard: 'shard-1', sequenceNumber: '7', createdAtMs: 1_795_426_137_000 },
}
const row: RejectedRecord = {
  ...change,
  origin: { kind: 'row', form: 'items', snapshot: 'initial', readAtMs: 1_795_426_137_000 },
}
const context = {
  pipeline: 'shop',
  table,
  topic: 'shop.orders',
  nowMs: 1_795_426_138_000,
  attempt: 2,
  hasContextHeaders: true,
}
const headersOf = ({ headers }: DeadLetter): Readonly<Record<string, string>> =>
  Object.fromEntries(headers.map(([name, value]) => [String(name), String(value)]))

describe('a dead letter', () => {
  it('holds the record exactly, is known by its position, and says what was wrong without a value of the item', () => {
    const letter = letterOf(change, context)
    expect(String(letter.value)).toBe(
      '{"dynamodb":{"SequenceNumber":"7","NewImage":{"__proto__":{"Q":"secret-value"}}}}',
    )
    expect(decodeLetterKey(letter.key)).toEqual({
      deadLetter: 'change',
      table: table.arn,
      stream: table.streamArn,
      shard: 'shard-1',
      seq: '7',
    })
    const headers = headersOf(letter)
    expect(headers).toMatchObject({
      'tailrace.pipeline': 'shop',
      'tailrace.table': table.name,
      'tailrace.shard': 'shard-1',
      'tailrace.seq': '7',
      'tailrace.created': '2026-11-23T09:28:57.000Z',
      'tailrace.code': 'RECORD_UNREADABLE',
      'tailrace.stage': 'VALUE_DECODER',
      'tailrace.attempt': '2',
      'tailrace.at': '2026-11-23T09:28:58.000Z',
      '__connect.errors.topic': 'shop.orders',
      '__connect.errors.connector.name': 'shop',
      '__connect.errors.stage': 'VALUE_DECODER',
      '__connect.errors.exception.class.name': 'TailraceError.RECORD_UNREADABLE',
      '__connect.errors.exception.message': 'a value has an unknown type',
    })
    expect(headers['__connect.errors.exception.stacktrace']).toContain('dead-letter.test')
    expect(JSON.stringify(headers)).not.toContain('secret')
  })

  it('has no headers of Kafka Connect where they are not wanted', () => {
    const names = Object.keys(headersOf(letterOf(change, { ...context, hasContextHeaders: false })))
    expect(names.filter((name) => name.startsWith('__connect'))).toEqual([])
    expect(names).toContain('tailrace.code')
  })

  it('of a row is known by what it holds: the same row has the same key, another one has not', () => {
    const key = decodeLetterKey(letterOf(row, context).key)
    expect(key).toMatchObject({ deadLetter: 'items', table: table.arn })
    expect(decodeLetterKey(letterOf(row, { ...context, attempt: 1, nowMs: 0 }).key)).toEqual(key)
    expect(decodeLetterKey(letterOf({ ...row, wire: {} }, context).key)).not.toEqual(key)
  })

  it.each([
    '',
    'null',
    '[]',
    '{"id":"a"}',
    '{"deadLetter":"change","table":"t"}',
    '{"deadLetter":"x","table":"t"}',
    '\u0000',
  ])('is not what has the key %j', (text) => {
    expect(decodeLetterKey(Buffer.from(text))).toBeUndefined()
  })
})

describe('the letters of a partition', () => {
  const recordOf = (letter: DeadLetter, offset: bigint): LetterRecord => ({
    offset,
    key: letter.key,
    value: letter.value,
    headers: letter.headers.map(([name, value]) => [String(name), value]),
  })
  const markerOf = (letter: DeadLetter, offset: bigint): LetterRecord => ({
    ...recordOf(
      { ...letter, headers: [header('tailrace.pipeline', 'shop'), header(letterHeaders.replayed, 'written')] },
      offset,
    ),
    value: null,
  })
  const fold = (...records: readonly LetterRecord[]): readonly StoredLetter[] => {
    const letters = createLetterFold('shop', 3)
    for (const record of records) letters.add(record)
    return [...letters.letters]
  }
  const letter = letterOf(change, context)

  it('are open until a marker stands behind them, and open again when the record was met again', () => {
    expect(fold(recordOf(letter, 5n))).toMatchObject([
      {
        partition: 3,
        offset: 5n,
        lastOffset: 5n,
        code: 'RECORD_UNREADABLE',
        attempt: 2,
        copies: 1,
        replayed: undefined,
      },
    ])
    expect(fold(recordOf(letter, 5n), markerOf(letter, 6n))).toMatchObject([{ offset: 5n, replayed: 'written' }])
    expect(fold(recordOf(letter, 5n), markerOf(letter, 6n), recordOf(letter, 9n))).toMatchObject([
      { offset: 9n, copies: 1, replayed: undefined },
    ])
    expect(fold(markerOf(letter, 4n), recordOf(letter, 5n))).toMatchObject([{ offset: 5n, replayed: undefined }])
  })

  it('count once, however often the same record was met; the newest is the one', () => {
    const later = letterOf(change, { ...context, nowMs: context.nowMs + 60_000 })
    expect(fold(recordOf(letter, 5n), recordOf(later, 8n))).toMatchObject([
      { offset: 8n, copies: 2, firstAtMs: context.nowMs, atMs: context.nowMs + 60_000 },
    ])
  })

  it('are not those of other pipelines, and nothing that is no letter', () => {
    const foreign = letterOf(change, { ...context, pipeline: 'other' })
    const noLetter = { ...recordOf(letter, 6n), key: Buffer.from('{"id":"a"}') }
    expect(fold(recordOf(foreign, 5n), noLetter, { ...noLetter, key: null })).toEqual([])
  })
})
