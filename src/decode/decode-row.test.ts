import { describe, expect, it } from 'vitest'
import { tableOf } from '../../test/oracle/arbitrary-items.ts'
import { TailraceError } from '../errors.ts'
import type { Table } from '../change/table.ts'
import { decodeRow } from './decode-row.ts'

const context = { readAtMs: 1_795_426_137_123, snapshot: 'first' } as const

describe('decodeRow', () => {
  it('makes a change without a place of an item, and takes the item over as it is', () => {
    const item = { pk: { S: 'a' }, sk: { N: '1' }, x: { BOOL: true } }
    const row = decodeRow(item, tableOf('NEW_IMAGE'), context)
    expect(row).toEqual({
      operation: 'READ',
      keys: { pk: { S: 'a' }, sk: { N: '1' } },
      oldImage: undefined,
      newImage: item,
      eventId: '',
      shardId: '',
      sequenceNumber: '',
      createdAtMs: 1_795_426_137_123,
      userIdentity: undefined,
      sizeBytes: 0,
      snapshot: 'first',
    })
    expect(row.newImage).toBe(item)
  })

  it.each(['KEYS_ONLY', 'OLD_IMAGE'] as const)(
    'holds the keys alone where changes of %s could not cover it',
    (view) => {
      const row = decodeRow({ pk: { S: 'a' }, sk: { N: '1' }, x: { S: 'stale' } }, tableOf(view), context)
      expect(row).toMatchObject({ keys: { pk: { S: 'a' }, sk: { N: '1' } }, newImage: undefined })
    },
  )

  it('finds a key attribute whatever its name is', () => {
    const table: Table = { ...tableOf('NEW_IMAGE'), keySchema: [{ name: '__proto__', type: 'S' }] }
    const { keys } = decodeRow(JSON.parse('{"__proto__":{"S":"a"}}'), table, context)
    expect(Object.getOwnPropertyDescriptor(keys, '__proto__')?.value).toEqual({ S: 'a' })
    expect(() => decodeRow({ x: { S: 'a' } }, table, context)).toThrow(/no key attribute __proto__/)
  })

  it.each([[null], ['text'], [[{ pk: { S: 'secret' } }]], [{ pk: { S: 'secret' } }]])(
    'refuses %j, and shows no value of it',
    (wire) => {
      const attempt = (): unknown => decodeRow(wire, tableOf('NEW_IMAGE'), context)
      expect(attempt).toThrow(TailraceError)
      expect(attempt).toThrow(expect.objectContaining({ code: 'RECORD_UNREADABLE' }))
      expect(attempt).not.toThrow(/secret/)
    },
  )
})
