import { describe, expect, it } from 'vitest'
import { dateFormat, formatDate } from './date-format.ts'
import { javaPattern, javaReplacement } from './java-pattern.ts'
import { parseDate } from './parse-date.ts'

describe('a regular expression of Java', () => {
  it.each([
    ['a\\-b\\_c\\.d', 'a-b_c.d', true],
    ['[a\\-z]+', 'a-z', true],
    ['[a\\-z]+', 'b', false],
    ['\\\\-', '\\-', true],
    ['a|ab', 'ab', true],
    ['(?i)ABC', 'abc', true],
    ['(?:x|y)*', 'xyx', true],
    ['\\w+\\.\\d{2}', 'ab.12', true],
    ['(?<=a)b', 'b', false],
  ])('%s on %s', (source, text, isMatch) => {
    expect(javaPattern(source)?.isMatch(text)).toBe(isMatch)
  })

  it.each(['a++', '(?>a)', '\\Qa\\E', '[a&&[b]]', '(', '\\z', '(?x)a', '*'])('%s is refused', (source) => {
    expect(javaPattern(source)).toBeUndefined()
  })

  it.each([
    ['(a)(b)?', '$0$1$2x', 'aax'],
    ['(a)', '\\$1\\\\', '$1\\'],
    ['(?<n>a)', '<${n}>', '<a>'],
    ['(a)', '$10', 'a0'],
  ])('%s replaced by %s', (source, replacement, expected) => {
    const pattern = javaPattern(source)
    const parts = pattern === undefined ? undefined : javaReplacement(replacement, pattern)
    expect(pattern?.replaceFirst('a', parts ?? [])).toBe(expected)
  })

  it.each(['$', '$x', '${m}', '$2', 'a\\', '${n'])('the replacement %s is refused', (replacement) => {
    const pattern = javaPattern('(?<n>a)')
    expect(pattern === undefined ? 'no pattern' : javaReplacement(replacement, pattern)).toBeUndefined()
  })
})

describe('a pattern of times', () => {
  const at = Date.UTC(5, 0, 2, 3, 4, 5, 6) // 1905
  it.each([
    ['yyyy-MM-dd HH:mm:ss.SSS XXX Z', '1905-01-02 03:04:05.006 Z +0000'],
    ['y yy yyy yyyyy', '1905 05 1905 01905'],
    ["'T'''", "T'"],
    ["''yyyy''", "'1905'"],
    ["'o''clock'", "o'clock"],
    ['d/M', '2/1'],
  ])('%s', (pattern, expected) => {
    expect(formatDate(dateFormat(pattern) ?? [], at)).toBe(expected)
  })

  it.each(['MMM', 'EEE', 'hh', 'z', "'open", 'YYYY', 'y'.repeat(21), 'XXXX'])('%s is refused', (pattern) => {
    expect(dateFormat(pattern)).toBeUndefined()
  })

  it.each([
    ['yyyy-MM-dd', '2026-11-23', Date.UTC(2026, 10, 23)],
    ['yyyyMMddHHmmssSSS', '20261123190000042', 1_795_460_400_042],
    ["yyyy-MM-dd'T'HH:mmX", '2026-11-23T19:00-0130', Date.UTC(2026, 10, 23, 20, 30)],
    ['HH:mm', '1:2 and more', 3_720_000],
    ['d.M.yyyy', '29.2.2024', Date.UTC(2024, 1, 29)],
    ['d.M.yyyy', '29.2.2023', undefined],
    ['yy', '26', undefined],
    ['yyyy-MM', '2026-13', undefined],
    ['yyyy-MM', '2026/12', undefined],
    ['HH', '24', undefined],
    ['X', 'CET', undefined],
  ])('%s of %s', (pattern, text, expected) => {
    expect(parseDate(dateFormat(pattern) ?? [], text)).toBe(expected)
  })
})
