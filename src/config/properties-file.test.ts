import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parsePropertiesFile, propertyOf } from './properties-file.ts'

const read = (text: string): Readonly<Record<string, unknown>> =>
  Object.fromEntries(parsePropertiesFile(text, 'f').map(({ name, value }) => [name, value]))

describe('parsePropertiesFile', () => {
  it('reads all ways to separate a key from its value', () => {
    expect(read('a=1\nb: 2\nc 3\nd\t=\t4\ne:=5\nf\n  g = 7  ')).toEqual({
      a: '1',
      b: '2',
      c: '3',
      d: '4',
      e: '=5',
      f: '',
      g: '7  ',
    })
  })

  it('leaves comments and blank lines out', () => {
    expect(read('# a=1\n! b=2\n\n   # c=3\nd=4#not a comment')).toEqual({ d: '4#not a comment' })
  })

  it('continues lines, but not after an escaped backslash', () => {
    expect(read('a=one \\\n   two\nb=x\\\\\nc=3\nd=e\\')).toEqual({ a: 'one two', b: 'x\\', c: '3', d: 'e' })
  })

  it('does not take a continued line for a comment', () => {
    expect(read('a=1,\\\n#2')).toEqual({ a: '1,#2' })
  })

  it('resolves escapes', () => {
    expect(read(String.raw`k\=e\:y\ x=\tA\u00e9\n\q\"`)).toEqual({ 'k=e:y x': '\tAé\nq"' })
  })

  it('takes the last of equal keys, all line ends and a byte order mark', () => {
    expect(read('\uFEFFa=1\r\na=2\rb=3')).toEqual({ a: '2', b: '3' })
  })

  it('says where each property begins', () => {
    const [, second] = parsePropertiesFile('# c\na=1\\\n  2\nb=3', 'client.properties')
    expect(second).toEqual({ name: 'b', value: '3', where: 'client.properties line 4' })
  })

  it('gives one key', () => {
    expect(propertyOf('user=u\npassword=p=q', 'password')).toBe('p=q')
    expect(propertyOf('user=u', '__proto__')).toBeUndefined()
  })

  it('reads any text, and reads back what was escaped', () => {
    const character = fc.constantFrom(
      'a',
      'é',
      '\\',
      '=',
      ':',
      ' ',
      '#',
      '!',
      '\n',
      '\r',
      '\t',
      'u',
      '0',
      '😀',
      '\ud800',
    )
    fc.assert(fc.property(fc.string({ unit: character, maxLength: 20 }), (text) => void parsePropertiesFile(text, 'f')))
    const escape = (text: string): string =>
      text.replaceAll(/[\s\S]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    fc.assert(
      fc.property(
        fc.string({ unit: character, minLength: 1, maxLength: 20 }),
        fc.string({ unit: character, maxLength: 20 }),
        (key, value) => {
          expect(parsePropertiesFile(`${escape(key)}=${escape(value)}`, 'f')).toEqual([
            { name: key, value, where: 'f line 1' },
          ])
        },
      ),
    )
  })
})
