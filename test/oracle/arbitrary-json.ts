import * as fc from 'fast-check'

/** JSON text, and the value that it stands for. The value is made together with the text, so no parser is asked. */
export interface JsonSample {
  readonly text: string
  readonly value: unknown
}

const space = fc.stringMatching(/^[ \t\n\r]{0,2}$/)
const shortEscapes: ReadonlyMap<string, string> = new Map([
  ['"', String.raw`\"`],
  ['\\', String.raw`\\`],
  ['/', String.raw`\/`],
  ['\b', String.raw`\b`],
  ['\f', String.raw`\f`],
  ['\n', String.raw`\n`],
  ['\r', String.raw`\r`],
  ['\t', String.raw`\t`],
])

/** One UTF-16 unit, in one of the ways in which JSON can write it; halves of pairs are written as escape sequences. */
const unit: fc.Arbitrary<JsonSample & { readonly value: string }> = fc
  .tuple(
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...String.raw`\ \ \ n n u b 0 0 4 1 " a : , { } [ ]`.split(' ')) },
      { weight: 1, arbitrary: fc.constantFrom('/', '\b', '\f', '\n', '\r', '\t', '\u0000', '\u2028', 'é', '€') },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 0xff_ff }).map((code) => String.fromCharCode(code)) },
    ),
    fc.nat(3),
  )
  .map(([value, way]) => {
    const hex = value.charCodeAt(0).toString(16).padStart(4, '0')
    const short = shortEscapes.get(value)
    if (way === 1) return { value, text: `\\u${hex}` }
    if (way === 2) return { value, text: `\\u${hex.toUpperCase()}` }
    if (short !== undefined && (way === 3 || value !== '/')) return { value, text: short }
    return /[\p{Cc}\p{Cs}]/u.test(value) ? { value, text: `\\u${hex}` } : { value, text: value }
  })

/** Mostly so short, and of so few characters, that the names of a few objects resemble each other. */
const string = fc
  .oneof(
    { weight: 8, arbitrary: fc.array(unit, { maxLength: 3 }) },
    { weight: 1, arbitrary: fc.array(unit, { maxLength: 30 }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('__proto__', 'id', '0', '17', 'toString').map((value) => [{ value, text: value }]),
    },
  )
  .map((units) => ({
    value: units.map(({ value }) => value).join(''),
    text: `"${units.map(({ text }) => text).join('')}"`,
  }))

const number = fc
  .oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? '-0' : String(value))),
    fc.constantFrom(
      '0',
      '-0',
      '-0.0e-0',
      '1E400',
      '-1e+400',
      '1e-400',
      '12345678901234567890123456789012345678',
      '0.1e1',
    ),
  )
  .map((text) => ({ text, value: Number(text) }))

const word = fc.constantFrom<JsonSample>(
  { text: 'true', value: true },
  { text: 'false', value: false },
  { text: 'null', value: null },
)

/** Any JSON: equal names, white space, every way to write a character, numbers that no double holds. */
export const arbitraryJson: fc.Arbitrary<JsonSample> = fc.letrec<{ readonly value: JsonSample }>((tie) => {
  const padded = fc
    .tuple(space, tie('value'), space)
    .map(([before, { text, value }, after]) => ({ text: before + text + after, value }))
  const member = fc.record({ before: space, name: string, after: space, value: padded })
  const array = fc.tuple(space, fc.array(padded, { maxLength: 4 })).map(([empty, items]) => ({
    text: `[${items.length === 0 ? empty : items.map(({ text }) => text).join(',')}]`,
    value: items.map(({ value }) => value),
  }))
  const object = fc.tuple(space, fc.array(member, { maxLength: 4 })).map(([empty, members]) => ({
    text: `{${
      members.length === 0
        ? empty
        : members.map(({ before, name, after, value }) => `${before}${name.text}${after}:${value.text}`).join(',')
    }}`,
    value: objectOf(members.map(({ name, value }) => [name.value, value.value])),
  }))
  return {
    value: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      { weight: 1, arbitrary: fc.oneof(string, number, word) },
      { weight: 4, arbitrary: object },
      { weight: 1, arbitrary: array },
    ),
  }
}).value

const piece = fc.constantFrom(
  ...String.raw`{ } [ ] : , " \ \\ \" \u \u12 \ud800 0 01 1. .5 -  + e9 1e 1e+ true nul null false a __proto__ //`.split(
    ' ',
  ),
  ' ',
  '\n',
  '\u0000',
  '\u001F',
  '\u00A0',
  '\uFEFF',
)

/** Texts that were JSON until some pieces were taken out, put in or doubled; a few still are. */
export const arbitraryDamagedJson: fc.Arbitrary<string> = fc
  .tuple(
    arbitraryJson,
    fc.array(fc.record({ at: fc.nat(), removed: fc.nat(3), inserted: fc.option(piece, { nil: '' }) }), {
      minLength: 1,
      maxLength: 3,
    }),
  )
  .map(([{ text }, damages]) =>
    damages.reduce((damaged, { at, removed, inserted }) => {
      const start = at % (damaged.length + 1)
      return damaged.slice(0, start) + inserted + damaged.slice(start + removed)
    }, text),
  )

function objectOf(members: readonly (readonly [string, unknown])[]): object {
  const made = {}
  for (const [name, value] of members)
    Object.defineProperty(made, name, { value, writable: true, enumerable: true, configurable: true })
  return made
}
