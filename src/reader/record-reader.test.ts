import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { headerOf } from './header-of.ts'
import { createRecordReader } from './record-reader.ts'
import type { ReadRecord } from './record-reader.ts'

const value = Buffer.from('the whole of a value, which was too large')
const sha256 = createHash('sha256').update(value).digest('hex')
const noObjects = (): Promise<Uint8Array> => Promise.reject(new Error('there are no objects'))

function chunk(index: number, more: Readonly<Record<string, string>> = {}): ReadRecord & { readonly key: string } {
  const part = value.subarray(index * 15, (index + 1) * 15)
  const said = { id: 'a', index: String(index), count: '3', bytes: String(value.length), sha256, ...more }
  const headers = Object.fromEntries(Object.entries(said).map(([name, text]) => [`tailrace.chunk.${name}`, text]))
  return { key: 'k', value: part, headers }
}

function check(more: Readonly<Record<string, unknown>> = {}, uri = 's3://b/a/key'): ReadRecord {
  const said = { uri, bytes: value.length, sha256, ...more }
  return { value: Buffer.from(JSON.stringify(said)), headers: { 'tailrace.claim.check': Buffer.from(uri) } }
}

describe('headers', () => {
  const name = 'tailrace.op'
  it.each([
    ['an object', { [name]: 'd' }],
    ['an object of buffers', { [name]: Buffer.from('d') }],
    ['an object of lists', { [name]: ['c', Buffer.from('d')] }],
    ['a map', new Map([[name, 'd']])],
    ['a map of buffers', new Map([[Buffer.from(name), Buffer.from('d')]])],
    [
      'pairs',
      [
        ['other', 'x'],
        [Buffer.from(name), Buffer.from('d')],
      ],
    ],
    ['keys and values', [{ key: name, value: Buffer.from('d') }]],
    ['objects with one member', [{ other: 'x' }, { [name]: Buffer.from('d') }]],
    [
      'a name that comes twice',
      [
        [name, 'c'],
        [name, 'd'],
      ],
    ],
  ])('are read from %s', (_, headers) => {
    expect(headerOf(headers, name)).toBe('d')
    expect(headerOf(headers, 'tailrace')).toBeUndefined()
  })

  it.each([[undefined], [null], [7], [{ [name]: null }], [[null]], [[[]]]])('may be missing or none: %j', (headers) => {
    expect(headerOf(headers, name)).toBeUndefined()
  })
})

describe('records', () => {
  it('to which nothing was done come back as they are', async () => {
    const reader = createRecordReader({ getObject: noObjects })
    for (const record of [{ value }, { value: null, headers: {} }, {}, { value, headers: [['tailrace.op', 'c']] }])
      expect(await reader.take(record)).toBe(record)
  })
})

describe('parts', () => {
  it('become one record with the last of them; until then the partition is to be read again from the first', async () => {
    const reader = createRecordReader({ getObject: noObjects })
    const place = (offset: string, partition = 1) => ({ topic: 't', partition, offset })
    expect(await reader.take(chunk(0), place('10'))).toBeUndefined()
    expect(await reader.take(chunk(0, { id: 'b' }), place('11'))).toBeUndefined()
    expect(await reader.take(chunk(0), place('4', 2))).toBeUndefined()
    expect(await reader.take(chunk(1), place('12'))).toBeUndefined()
    expect([reader.firstUnfinished('t', 1), reader.firstUnfinished('t', 2), reader.firstUnfinished('t', 3)]).toEqual([
      '10',
      '4',
      undefined,
    ])
    expect(await reader.take(chunk(2), place('13'))).toMatchObject({ key: 'k', value })
    expect(reader.firstUnfinished('t', 1)).toBe('11')
  })

  it('are forgotten with their partition, which somebody else may have read on', async () => {
    const reader = createRecordReader({ getObject: noObjects })
    const place = (offset: string, partition = 1) => ({ topic: 't', partition, offset })
    await reader.take(chunk(0), place('10'))
    await reader.take(chunk(0), place('4', 2))
    reader.forget('t', 1)
    expect([reader.firstUnfinished('t', 1), reader.firstUnfinished('t', 2)]).toEqual([undefined, '4'])
    expect(await reader.take(chunk(0), place('1000'))).toBeUndefined()
    expect(reader.firstUnfinished('t', 1)).toBe('1000')
  })

  it('may be repeated, in the middle, from the beginning, behind the end, and in two ways at once', async () => {
    const reader = createRecordReader({ getObject: noObjects })
    const wholes: unknown[] = []
    for (const index of [0, 1, 0, 1, 1, 2, 2, 1, 0, 1, 2]) wholes.push(await reader.take(chunk(index)))
    expect(wholes.map((whole) => whole !== undefined)).toEqual(
      [5, 10].reduce((all: boolean[], at) => all.with(at, true), Array<boolean>(11).fill(false)),
    )
    // Cut anew because the topic takes less now: the parts of before are no use.
    const again = createRecordReader({ getObject: noObjects })
    expect(await again.take(chunk(0, { count: '2' }))).toBeUndefined()
    for (const index of [0, 1]) expect(await again.take(chunk(index))).toBeUndefined()
    expect(await again.take(chunk(2))).toMatchObject({ value })
  })

  it.each([
    ['CHUNK_WITHOUT_BEGINNING', [chunk(1)]],
    ['NOT_UNDERSTOOD', [chunk(0, { count: 'many' })]],
    ['NOT_UNDERSTOOD', [chunk(3)]],
    ['VALUE_DIFFERS', [chunk(0, { sha256: '00' }), chunk(1), chunk(2)]],
    ['VALUE_DIFFERS', [0, 1, 2].map((index) => chunk(index, { bytes: '7' }))],
  ])('that are wrong are refused: %s', async (code, records) => {
    const reader = createRecordReader({ getObject: noObjects })
    const outcomes = await Promise.allSettled(records.map((record) => reader.take(record)))
    expect(outcomes.at(-1)).toMatchObject({ status: 'rejected', reason: { name: 'RecordReaderError', code } })
  })

  it('are not collected without a bound', async () => {
    const reader = createRecordReader({ getObject: noObjects, maxUnfinishedBytes: 40 })
    await reader.take(chunk(0))
    await reader.take(chunk(0, { id: 'b' }))
    await expect(reader.take(chunk(0, { id: 'c' }))).rejects.toMatchObject({ code: 'TOO_MUCH_UNFINISHED' })
  })
})

describe('claim checks', () => {
  it('are followed, and what lies there is compared with what they say', async () => {
    const asked: unknown[] = []
    const reader = createRecordReader({
      getObject: async (address) => {
        asked.push(address)
        return new Uint8Array(value)
      },
    })
    const record = { ...check(), key: 'k' }
    expect(await reader.take(record)).toEqual({ ...record, value })
    expect(asked).toEqual([{ bucket: 'b', key: 'a/key', uri: 's3://b/a/key' }])
    await expect(reader.take(check({ bytes: 3 }))).rejects.toMatchObject({ code: 'VALUE_DIFFERS' })
    await expect(reader.take(check({ sha256: '00' }))).rejects.toMatchObject({ code: 'VALUE_DIFFERS' })
  })

  it('that cannot be followed are refused, and may be taken again', async () => {
    let isThere = false
    const reader = createRecordReader({ getObject: () => (isThere ? Promise.resolve(value) : noObjects()) })
    await expect(reader.take(check())).rejects.toThrow('there are no objects')
    isThere = true
    expect(await reader.take(check())).toMatchObject({ value })
    for (const wrong of [check({}, 'http://b/key'), check({ bytes: '7' }), { ...check(), value: Buffer.from('{') }])
      await expect(reader.take(wrong)).rejects.toMatchObject({ code: 'NOT_UNDERSTOOD' })
  })
})
