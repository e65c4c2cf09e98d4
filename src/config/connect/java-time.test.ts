import { describe, expect, it } from 'vitest'
import { readJavaTime } from './java-time.ts'

const usual = "yyyy-MM-dd'T'HH:mm:ss'Z'"

describe('a time by a pattern of Java', () => {
  it.each([
    ['2026-01-31T12:30:05Z', usual, '2026-01-31T12:30:05.000Z'],
    ['2026-01-31', 'yyyy-MM-dd', '2026-01-31T00:00:00.000Z'],
    ['31.1.2026 7:05', 'd.M.uuuu H:mm', '2026-01-31T07:05:00.000Z'],
    ['2026-01-31T12:30:05.123+02:00', "yyyy-MM-dd'T'HH:mm:ss.SSSXXX", '2026-01-31T10:30:05.123Z'],
    ['2026-01-31T12:30:05Z', "yyyy-MM-dd'T'HH:mm:ssX", '2026-01-31T12:30:05.000Z'],
    ['2026-01-31 12:30:05 -0130', 'yyyy-MM-dd HH:mm:ss Z', '2026-01-31T14:00:05.000Z'],
    ['20260131123005999', 'yyyyMMddHHmmssSSS', '2026-01-31T12:30:05.999Z'],
    ["2026-01-31 at 1 o'clock", "yyyy-MM-dd 'at' H 'o''clock'", '2026-01-31T01:00:00.000Z'],
    ['2024-02-29', 'yyyy-MM-dd', '2024-02-29T00:00:00.000Z'],
  ])('%s as %s', (text, pattern, expected) => {
    const read = readJavaTime(text, pattern)
    expect('atMs' in read ? new Date(read.atMs).toISOString() : read).toBe(expected)
  })

  it.each([
    ['2026-01-31 12:30:05', usual],
    ['2026-02-29', 'yyyy-MM-dd'],
    ['2026-13-01', 'yyyy-MM-dd'],
    ['2026-01-31T24:00:00Z', usual],
    ['2026-01-31T12:60:00Z', usual],
    ['2026-01-31T12:30:05Z and more', usual],
    ['0001-01-01', 'yyyy-MM-dd'],
    ['2026x01x31', 'yyyy.MM.dd'],
  ])('%s is none as %s', (text, pattern) => {
    expect(readJavaTime(text, pattern)).toEqual({ wrong: 'text' })
  })

  it.each(['', 'yyyy', 'dd MMM yyyy', "yyyy-MM-dd'T'hh:mm:ss a", 'yyyy-MM-dd VV', 'yyyy-MM-dd dd', 'yy-MM-dd'])(
    'the pattern %s is not understood',
    (pattern) => {
      expect(readJavaTime('2026-01-31', pattern)).toEqual({ wrong: 'pattern' })
    },
  )
})
