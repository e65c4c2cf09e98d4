import { describe, expect, it } from 'vitest'
import { TailraceError } from '../errors.ts'
import { yamlEntries } from './yaml-entries.ts'

const entries = (text: string): unknown => yamlEntries(text, 'p.yaml').entries.map(({ name, value }) => [name, value])
const problems = (text: string): readonly string[] =>
  yamlEntries(text, 'p.yaml').problems.map(({ where, text }) => `${where ?? '-'}: ${text}`)

function failure(text: string): TailraceError {
  try {
    yamlEntries(text, 'p.yaml')
  } catch (error) {
    if (error instanceof TailraceError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('yamlEntries', () => {
  it('flattens nested maps, dotted keys and their mixtures', () => {
    const expected = [
      ['source.role.arn', 'x'],
      ['source.region', 'r'],
    ]
    expect(entries('source:\n  role:\n    arn: x\n  region: r\n')).toEqual(expected)
    expect(entries('source: {role.arn: x, region: r}')).toEqual(expected)
    expect(entries('source.role: {arn: x}\nsource.region: r')).toEqual(expected)
    expect(entries('{"source.role.arn": x, source: {region: r}}')).toEqual(expected)
  })

  it('keeps scalars as they are written', () => {
    expect(
      entries(
        'a: 007\nb: 1e3\nc: 0x10\nd: TRUE\ne: "5"\nf: off\ng: 2026-01-01\nh: 123456789012345678901234567890\ni: |\n  x\n  y\n',
      ),
    ).toEqual([
      ['a', '007'],
      ['b', '1e3'],
      ['c', '0x10'],
      ['d', 'TRUE'],
      ['e', '5'],
      ['f', 'off'],
      ['g', '2026-01-01'],
      ['h', '123456789012345678901234567890'],
      ['i', 'x\ny\n'],
    ])
  })

  it('takes lists of scalars, and empty sections', () => {
    expect(entries('a: [x, 1]\nb:\n- y\nc:\nd: []')).toEqual([
      ['a', ['x', '1']],
      ['b', ['y']],
      ['c', ''],
      ['d', []],
    ])
    expect(entries('')).toEqual([])
    expect(entries('# only a comment')).toEqual([])
  })

  it('names the line of each property', () => {
    expect(yamlEntries('\na: 1\nb:\n  c: 2', 'p.yaml').entries.map(({ where }) => where)).toEqual(['line 2', 'line 4'])
  })

  it.each([
    ['a name given twice in two forms', 'a: {b: 1}\na.b: 2', 'line 2: a.b is given again (first at line 1)'],
    ['a list in a list', 'a: [[1]]', 'line 1: a must be a single value or a list of them'],
    ['a map in a list', 'a: [{b: 1}]', 'line 1: a must be a single value or a list of them'],
    ['an empty list item', 'a: [x, ]\nb: [~]', 'line 2: b must be a single value or a list of them'],
    ['an alias', 'a: &x 1\nb: *x', 'line 2: anchors and aliases are not supported'],
    ['an unknown alias', 'a: *canary', 'line 1: anchors and aliases are not supported'],
    ['a map as a key', '? {a: 1}\n: 2', '-: a key of the file is not a name'],
    ['a list as the file', '- a', 'line 1: the file must hold properties, one `name: value` a line'],
    ['a text as the file', 'hello', 'line 1: the file must hold properties, one `name: value` a line'],
    [
      'deep nesting',
      `${Array.from({ length: 20 }, (_, i) => `${' '.repeat(i)}a:\n`).join('')}${' '.repeat(20)}b: 1`,
      'line 12: the properties are nested too deep',
    ],
  ])('finds %s', (_, text, expected) => {
    expect(problems(text)).toContain(expected)
  })

  it.each([
    ['bad indent', 'a: 1\n  b: 2\n c: canary'],
    ['a key twice', 'canary: 1\ncanary: 2'],
    ['an open list', 'a: [canary'],
    ['an open quote', 'a: "canary'],
    ['an unknown tag', 'a: !canary 1'],
    ['two documents', 'a: 1\n---\ncanary: 2'],
    ['a tab as indent', 'a:\n\tcanary: 1'],
    ['very deep nesting', '[canary,'.repeat(20_000)],
    ['a huge file', `a: ${'canary'.repeat(100_000)}`],
  ])('refuses %s, without quoting the file', (_, text) => {
    const error = failure(text)
    expect(error.code).toBe('CONFIG_UNREADABLE')
    expect(`${error.message}${JSON.stringify(error.details)}${String(error.cause)}`).not.toContain('canary')
  })

  it('is not slowed down by aliases of aliases', () => {
    const bomb = Array.from(
      { length: 30 },
      (_, i) => `a${i}: &a${i} [${i === 0 ? 'x' : Array.from({ length: 9 }, () => `*a${i - 1}`).join(',')}]`,
    )
    const startedAt = performance.now()
    expect(problems(bomb.join('\n')).length).toBeGreaterThan(0)
    expect(performance.now() - startedAt).toBeLessThan(3000)
  })
})
