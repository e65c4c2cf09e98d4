import { inspect } from 'node:util'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TailraceError } from '../errors.ts'
import { allKafkaNames } from './kafka-property-catalogue.ts'
import { loadConfig } from './load-config.ts'
import { propertyList } from './properties.ts'

const canary = 'cAnArY-7f3d'
const names = [...propertyList.keys(), ...allKafkaNames().map((name) => `kafka.${name}`)]

/** Everything that could be shown of the outcome: the configuration, or the error with its causes. */
function shown(text: string, value = canary): string {
  try {
    const config = loadConfig({
      text,
      path: 'p.yaml',
      env: { KAFKA_SECRET: value, TAILRACE_SECRET: value, AWS_REGION: 'eu-west-1' },
      readFile: () => Buffer.from(`key=${value}\npassword: ${value}\n${value}`),
      realPath: (path) => path,
    })
    const secrets = config.secrets.map((secret) => secret.reveal())
    // Values of properties that are no secrets may be shown; what is a secret may not.
    const hidden = inspect([config.kafka.sasl, config.kafka.tls, config.secrets, config.notes], { depth: 20 })
    return secrets.some((secret) => secret.length > 3 && JSON.stringify(config).includes(secret)) ? canary : hidden
  } catch (error) {
    if (!(error instanceof TailraceError)) throw error
    expect(error.policy).toBe('refuse')
    return `${error.message} ${inspect(error, { depth: 20 })} ${JSON.stringify(error)} ${JSON.stringify(error.details)}`
  }
}

const name = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...names) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('__proto__', 'constructor', 'toString', 'source', 'kafka', 'kafka.', '.', 'a.b'),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 12 }) },
)
const plausible = [
  'shop',
  'true',
  '16',
  'eu-west-1',
  'b:9092',
  'SASL_SSL',
  'PLAIN',
  'OAUTHBEARER',
  'PEM',
  'off',
  '{table}',
  '',
]
const value = fc.oneof(
  fc.constantFrom(...plausible),
  fc.constantFrom('${env:KAFKA_SECRET}', '${env:HOME}', '${file:/run/x}', '${file:/run/x:key}', '${', '$${x}'),
  fc.constantFrom(
    canary,
    `x.PlainLoginModule required username="u" password="${canary}";`,
    `-----BEGIN PRIVATE KEY-----${canary}`,
  ),
  fc.string({ maxLength: 20 }),
)

describe('loadConfig on any text', () => {
  it('gives a configuration or a TailraceError that refuses', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        expect(shown(text)).not.toContain(canary)
      }),
      { numRuns: 500 },
    )
    const yamlish = fc.string({
      unit: fc.constantFrom(
        'a',
        'source',
        ':',
        ' ',
        '\n',
        '- ',
        '{',
        '}',
        '[',
        ']',
        '"',
        "'",
        '&',
        '*',
        '!',
        '|',
        '#',
        ',',
        '?',
        '%',
        '---\n',
        '<<',
      ),
      maxLength: 40,
    })
    fc.assert(
      fc.property(yamlish, (text) => {
        expect(shown(text)).not.toContain(canary)
      }),
      { numRuns: 500 },
    )
  })

  it('never shows a secret of a well-formed file with wrong values', () => {
    const pairs = fc.array(fc.tuple(name, fc.oneof(value, fc.array(value, { maxLength: 3 }))), { maxLength: 25 })
    fc.assert(
      fc.property(pairs, (entries) => {
        const text = entries.map(([key, one]) => `${JSON.stringify(key)}: ${JSON.stringify(one)}`).join('\n')
        expect(shown(text)).not.toContain(canary)
      }),
      { numRuns: 600 },
    )
  })

  it.each(names)('a canary as the value of %s is not shown', (property) => {
    const lines = [
      'pipeline: shop',
      'source.tables: orders',
      'kafka.bootstrap.servers: b:9092',
      'kafka.security.protocol: SASL_SSL',
      'kafka.sasl.mechanism: PLAIN',
      'kafka.sasl.username: u',
      'kafka.sasl.password: pppp',
      'schema.registry.url: https://sr.example',
    ]
    const others = lines.filter((line) => !line.startsWith(`${property}: `))
    for (const spelling of [canary, '${env:KAFKA_SECRET}', `a ${canary} b`, '${file:/run/x:key}']) {
      const text = [
        ...others,
        'secrets.allow: ["env:KAFKA_*", "file:/run"]',
        `${property}: ${JSON.stringify(spelling)}`,
      ].join('\n')
      // These are shown: what is allowed, and who logs in.
      const isShownByRight = ['secrets.allow', 'kafka.sasl.username'].includes(property)
      expect(isShownByRight ? '' : shown(text)).not.toContain(canary)
    }
  })

  it('leaves the prototype of objects alone', () => {
    const before = Object.getOwnPropertyNames(Object.prototype).join()
    shown('__proto__: {polluted: 1}\nconstructor: {prototype: {polluted: 1}}\nsource: {__proto__: {polluted: 1}}')
    expect(Object.getOwnPropertyNames(Object.prototype).join()).toBe(before)
    expect('polluted' in {}).toBe(false)
  })
})
