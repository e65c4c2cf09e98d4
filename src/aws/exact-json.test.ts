import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arbitraryDamagedJson, arbitraryJson } from '../../test/oracle/arbitrary-json.ts'
import { parseExactly } from '../../test/oracle/exact-json.ts'
import { parseJson } from './exact-json.ts'

const parse = (text: string): unknown => parseJson(Buffer.from(text))
const namesOf = (text: string): readonly string[] => Object.keys(Object(parse(text)))

describe('names that V8 would guess wrongly (nodejs/node#63785)', () => {
  // With JSON.parse the second text of each row gets the first one's last name. The order within a test matters.
  it.each([
    ['the whole name', String.raw`{"id":1,"\\":1}`, String.raw`{"id":1,"\u0041":1}`, 'A'],
    ['another escape sequence', String.raw`{"b":1,"\\":1}`, String.raw`{"b":1,"\"":1}`, '"'],
    ['the first member', String.raw`{"\\":1}`, String.raw`{"\n":1}`, '\n'],
    ['a name that only begins so', String.raw`{"c":1,"\\n":1}`, String.raw`{"c":1,"\nb":1}`, '\nb'],
    ['an escape sequence inside', String.raw`{"d":1,"xy\\":1}`, String.raw`{"d":1,"xy\t":1}`, 'xy\t'],
    ['a whole sequence remembered', String.raw`{"e":1,"\\u0041":1}`, String.raw`{"e":1,"\u0041bcdef":1}`, 'Abcdef'],
    ['white space', String.raw`{"f":1,"\\":1}`, '{ "f" : 1 , "\\u0041" \r\n\t : 1 }', 'A'],
  ])('%s', (_, first, second, name) => {
    JSON.parse(first)
    parse(first)
    expect(namesOf(second).at(-1)).toBe(name)
  })

  it('two objects of one text', () => {
    expect(parse(String.raw`{"x":{"g":1,"\\":1},"y":{"g":1,"\u0041":1}}`)).toEqual({
      x: { g: 1, '\\': 1 },
      y: { g: 1, A: 1 },
    })
  })

  it('a name made by other code', () => {
    const made = { h: 1, '\\': 1 }
    expect(namesOf(String.raw`{"h":1,"\n":1}`)).toEqual(['h', '\n'])
    expect(Object.keys(made)).toEqual(['h', '\\'])
  })

  it('no member is lost to one with the name that was guessed', () => {
    JSON.parse(String.raw`{"i":0,"\\":1,"z":2}`)
    expect(parse(String.raw`{"i":0,"\"":1,"\\":2}`)).toEqual({ i: 0, '"': 1, '\\': 2 })
  })

  it('only escape sequences in names leave JSON.parse: its messages quote, ours do not', () => {
    expect(() => parse(String.raw`{"a":"\n","b":["\\",{"c":"\":"}],secret}`)).toThrow(/^(?!not JSON at)/)
    expect(() => parse(String.raw`{"a":"\n","b":["\\",{"\n":1}],secret}`)).toThrow(/^not JSON at position 30$/)
  })
})

describe('the parser for such texts', () => {
  it('keeps __proto__ and the last of equal names, in the place of the first', () => {
    const value = parse(String.raw`{"\n":0,"__proto__":{"x":1},"a":1,"b":2,"__proto__":{"y":2},"a":3}`)
    expect(Object.entries(Object(value))).toEqual([
      ['\n', 0],
      ['__proto__', { y: 2 }],
      ['a', 3],
      ['b', 2],
    ])
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
  })

  it('reads any depth', () => {
    const depth = 50_000
    const text = `${'[{"\\n":'.repeat(depth)}-0${'}]'.repeat(depth)}`
    let value = parse(text)
    for (let level = 0; level < depth; level += 1) {
      if (!Array.isArray(value)) throw new Error(`no array at level ${level}`)
      value = Object(value[0])['\n']
    }
    expect(value).toBe(-0)
    expect(() => parse(text.slice(0, -1))).toThrow(SyntaxError)
  })

  it('replaces bytes that are not UTF-8, as the decoder does', () => {
    const body = Buffer.from([
      ...Buffer.from(String.raw`{"\n`),
      0xc3,
      ...Buffer.from('":"'),
      0xff,
      ...Buffer.from('"}'),
    ])
    expect(parseJson(body)).toEqual({ '\n\uFFFD': '\uFFFD' })
  })
})

describe('random texts', () => {
  it('any JSON gives the value it was written from, whatever was read before', () => {
    fc.assert(
      fc.property(arbitraryJson, ({ text, value }) => {
        const parsed = parse(text)
        expect(differenceOf(parsed, value)).toBeUndefined()
        // What it would guess from in the texts to come.
        JSON.parse(text)
      }),
      { numRuns: 1500 },
    )
  })

  it.each([
    ['as they are', (text: string) => text],
    ['beside a name that JSON.parse must not read', (text: string) => `[{"\\n":0},${text}]`],
  ])('JSON.parse and parseJson accept and refuse the same damaged texts, %s', (_, frame) => {
    const seen = { accepted: 0, refused: 0 }
    fc.assert(
      fc.property(arbitraryDamagedJson, (damaged) => {
        const body = Buffer.from(frame(damaged))
        const text = body.toString('utf8')
        const theirs = outcome(() => JSON.parse(text))
        const ours = outcome(() => parseJson(body))
        expect(ours.error === undefined).toBe(theirs.error === undefined)
        if (ours.error === undefined) {
          seen.accepted += 1
          // The oracle refuses equal names, which is one more than JSON does.
          const independent = outcome(() => withNumbers(parseExactly(text)))
          if (independent.error === undefined) expect(differenceOf(ours.value, independent.value)).toBeUndefined()
        } else {
          seen.refused += 1
          expect(ours.error).toBeInstanceOf(SyntaxError)
        }
      }),
      { numRuns: 2000 },
    )
    expect(Math.min(seen.accepted, seen.refused)).toBeGreaterThan(100)
  })
})

/** Undefined if they are equal in every value (0 is not -0) and in the order of the names. */
function differenceOf(actual: unknown, expected: unknown): string | undefined {
  const [actualText, expectedText] = [JSON.stringify(actual), JSON.stringify(expected)]
  if (actualText === expectedText && isDeepStrictEqual(actual, expected)) return undefined
  return `${actualText} instead of ${expectedText}`
}

interface Outcome {
  readonly value?: unknown
  readonly error?: unknown
}

function outcome(run: () => unknown): Outcome {
  try {
    return { value: run() }
  } catch (error) {
    return { error }
  }
}

/** The oracle gives numbers as `{ literal }`, a name that the random texts are too short to make by chance. */
function withNumbers(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withNumbers)
  if (typeof value !== 'object' || value === null) return value
  if ('literal' in value) return Number(value.literal)
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withNumbers(member)]))
}
