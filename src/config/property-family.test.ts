import { describe, expect, it } from 'vitest'
import { TailraceError } from '../errors.ts'
import { configFingerprint } from './config-fingerprint.ts'
import { configJsonSchema } from './json-schema.ts'
import { loadConfig } from './load-config.ts'
import type { PipelineConfig } from './pipeline-config.ts'

const minimal = `pipeline: shop
source: {region: eu-west-1, tables: [orders]}
kafka.bootstrap.servers: b:9092
`

function load(text: string): PipelineConfig {
  return loadConfig({
    text: `${minimal}${text}`,
    path: 'p.yaml',
    env: { A: 'from outside' },
    readFile: () => Buffer.from(''),
    realPath: (path) => path,
  })
}

function problems(text: string): string {
  try {
    load(text)
  } catch (error) {
    if (error instanceof TailraceError) return error.message
    throw error
  }
  return ''
}

/** Name and value of everything that stands below the aliases. */
function members({ families }: PipelineConfig): Readonly<Record<string, unknown>> {
  const all = [...families.transforms.values(), ...families.predicates.values()].flatMap((one) => [...one.values()])
  return Object.fromEntries(all.map(({ name, value }) => [name, value]))
}

describe('properties below the aliases of a list', () => {
  it.each([
    ['transforms: [a]\ntransforms.a.type: X\ntransforms.a.add.fields: op'],
    ['transforms: a\ntransforms.a: {type: X, add.fields: op}'],
    ['transforms.a: {type: X, add: {fields: op}}\ntransforms: [a]'],
  ])('are read from %j', (text) => {
    const config = load(text)
    expect(config.transforms).toEqual({ transforms: ['a'], predicates: [] })
    expect(members(config)).toEqual({ 'transforms.a.type': 'X', 'transforms.a.add.fields': 'op' })
  })

  it('may hold references, and placeholders of their own', () => {
    const text = `secrets.allow: ["env:A"]
transforms: [a]
transforms.a: {type: X, topic.format: "\${topic}-\${timestamp}", static.value: "\${env:A}", other: "$\${env:A} $\${topic}"}`
    expect(members(load(text))).toEqual({
      'transforms.a.type': 'X',
      'transforms.a.topic.format': '${topic}-${timestamp}',
      'transforms.a.static.value': 'from outside',
      'transforms.a.other': '${env:A} ${topic}',
    })
  })

  it.each([
    ['transforms.a.type: X', 'p.yaml: line 4: transforms.a.type has an alias that transforms does not list'],
    [
      'transforms: [a]\npredicates.a.type: X',
      'p.yaml: line 5: predicates.a.type has an alias that predicates does not list',
    ],
    [
      'transforms: [a]\ntransforms.a: X',
      'p.yaml: line 5: transforms.a has no value of its own: its properties stand below it',
    ],
    [
      'transforms: [a]\ntransforms..type: X',
      'p.yaml: line 5: transforms..type must have an alias of letters, digits, dashes or underscores behind the first dot',
    ],
    [
      'transforms: [a, a]',
      'p.yaml: line 4: transforms must be a list of paths that begin with `./`, `../` or `/`, and behind them aliases of letters, digits, `-` and `_`, none twice',
    ],
    [
      'transforms: ["a b"]',
      'p.yaml: line 4: transforms must be a list of paths that begin with `./`, `../` or `/`, and behind them aliases of letters, digits, `-` and `_`, none twice',
    ],
    ['transform.a.type: X', 'p.yaml: line 4: transform.a.type is not a property'],
  ])('%j is refused', (text, message) => {
    expect(problems(text)).toBe(message)
  })

  it('do not touch prototypes', () => {
    expect(members(load('transforms: [__proto__]\ntransforms.__proto__.type: X'))).toEqual({
      'transforms.__proto__.type': 'X',
    })
    expect('type' in {}).toBe(false)
  })

  it('count in the fingerprint, with the order of the list', () => {
    const of = (text: string): string => configFingerprint(load(text))
    const both = 'transforms.a.type: X\ntransforms.b.type: Y'
    const ab = of(`transforms: [a, b]\n${both}`)
    expect(of(`${both}\ntransforms: a, b`)).toBe(ab)
    expect(of(`transforms: [b, a]\n${both}`)).not.toBe(ab)
    expect(of(`transforms: [a, b]\n${both}\ntransforms.b.other: x`)).not.toBe(ab)
    expect(of(`transforms: [a, b]\ntransforms.a.type: X\ntransforms.b.type: Z`)).not.toBe(ab)
    expect(of('transforms: [a]\ntransforms.a.list: [x, y]')).toBe(of('transforms: [a]\ntransforms.a.list: x,y'))
    expect(of('transforms: []')).toBe(of(''))
  })

  it('are known to the JSON Schema', () => {
    const reference = {
      family: 'transforms',
      types: ['X'],
      properties: [{ name: 'add.fields', documentation: 'Which.' }],
    } as const
    const { patternProperties } = configJsonSchema([reference])
    const patterns = Object.entries(patternProperties as Readonly<Record<string, unknown>>)
    const fitting = (name: string): readonly unknown[] =>
      patterns.filter(([pattern]) => new RegExp(pattern, 'u').test(name)).map(([, schema]) => schema)
    expect(fitting('transforms.a')).toMatchObject([
      { properties: { type: {}, 'add.fields': { description: 'Which.' } } },
    ])
    expect(fitting('transforms.a.type')).toMatchObject([{ examples: ['X'] }, {}])
    expect(fitting('transforms.a.add.fields')).toHaveLength(1)
    expect(fitting('transformsXa')).toEqual([])
    const without = Object.keys(configJsonSchema()['patternProperties'] as object)
    expect(without.filter((pattern) => !pattern.startsWith('^tables'))).toEqual([])
  })
})
