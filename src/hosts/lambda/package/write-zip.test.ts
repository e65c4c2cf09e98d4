import { unzipSync } from 'fflate'
import { describe, expect, it } from 'vitest'
import { writeZip } from './write-zip.ts'

const files = [
  ['b.txt', Buffer.from('b')],
  ['a/ü.txt', Buffer.alloc(100_000, 'a')],
  ['empty', Buffer.alloc(0)],
] as const

describe('writeZip', () => {
  it('gives the same bytes in whatever order, at whatever time, in whatever time zone', () => {
    const zone = process.env['TZ']
    try {
      process.env['TZ'] = 'Asia/Tokyo'
      const east = writeZip(new Map(files))
      process.env['TZ'] = 'America/New_York'
      expect(Buffer.from(writeZip(new Map(files.toReversed()))).equals(Buffer.from(east))).toBe(true)
    } finally {
      if (zone === undefined) delete process.env['TZ']
      else process.env['TZ'] = zone
    }
  })

  it('holds the files', () => {
    const zip = writeZip(new Map(files))
    expect(Object.entries(unzipSync(zip)).map(([name, content]) => [name, Buffer.from(content)])).toEqual(
      files.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, content]) => [name, Buffer.from(content)]),
    )
    expect(zip.length).toBeLessThan(2_000)
  })

  it('holds regular files that everybody may read', () => {
    const zip = Buffer.from(writeZip(new Map(files)))
    const entry = zip.indexOf('PK\u0001\u0002')
    expect(zip[entry + 5]).toBe(3)
    expect((zip.readUInt32LE(entry + 38) >>> 16).toString(8)).toBe('100644')
  })
})
