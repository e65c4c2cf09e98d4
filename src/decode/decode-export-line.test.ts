import { describe, expect, it } from 'vitest'
import { tableOf } from '../../test/oracle/arbitrary-items.ts'
import { decodeExportLine } from './decode-export-line.ts'

const table = tableOf('NEW_AND_OLD_IMAGES')
const keys = { sk: { N: '1' }, pk: { S: 'a' } }
const image = { ...keys, note: { S: 'new' } }
const context = { readAtMs: 5_000, snapshot: 'true' } as const
const decode = (line: unknown): ReturnType<typeof decodeExportLine> => decodeExportLine(line, table, context)

describe('a line of an incremental export', () => {
  it('is a row of how its item was left, at the time of its last write', () => {
    const line = { Metadata: { WriteTimestampMicros: { N: '1795426137123456' } }, Keys: keys, NewImage: image }
    expect(decode(line)).toMatchObject({
      operation: 'READ',
      newImage: image,
      keys,
      createdAtMs: 1_795_426_137_123,
      snapshot: 'true',
    })
    expect(decode({ ...line, OldImage: image }).oldImage).toBeUndefined()
    expect(decode({ Keys: keys, NewImage: image }).createdAtMs).toBe(5_000)
  })

  it('is a delete without a new image', () => {
    const deleted = decode({ Keys: keys, OldImage: image })
    expect(deleted).toMatchObject({ operation: 'REMOVE', newImage: undefined, oldImage: undefined, snapshot: 'true' })
    expect(Object.entries(deleted.keys)).toEqual([
      ['pk', { S: 'a' }],
      ['sk', { N: '1' }],
    ])
  })

  it.each([null, [], {}, { NewImage: image }, { Keys: { pk: { S: 'secret' } } }, { Keys: keys, NewImage: 5 }])(
    'is refused by name, without values: %j',
    (line) => {
      expect(() => decode(line)).toThrow(expect.objectContaining({ code: 'RECORD_UNREADABLE' }))
      expect(() => decode(line)).not.toThrow(/secret/)
    },
  )
})
