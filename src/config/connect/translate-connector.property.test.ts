import { inspect } from 'node:util'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadConnector } from '../../../test/fixtures/load-connector.ts'
import { TailraceError } from '../../errors.ts'
import { propertyList } from '../properties.ts'
import { rulesOf } from './translate-connector.ts'
import { translators } from './translators.ts'

const canary = 'cAnArY-7f3d'

/** True names, and for rules about all names with a beginning one of them. */
const names = [...new Set(translators.flatMap((translator) => Object.keys(rulesOf(translator))))].map((name) =>
  name.endsWith('.') ? `${name}any.thing` : name,
)
const classes = translators.flatMap((translator) => translator.classes)
const plausible = ['', ' ', 'true', 'false', '1', '500', '60001', 'LATEST', 'AT_TIMESTAMP', 'AT_SEQUENCE_NUMBER', 'raw']
const others = [
  'dynamodb',
  'JsonConverter',
  'x.AvroConverter',
  'IAM Roles',
  '{table}',
  '1590692978237',
  '.*',
  '(',
  'b:9092',
]
const value = fc.oneof(
  fc.constantFrom(...plausible, ...others, canary, `https://u:${canary}@h`),
  fc.string({ maxLength: 12 }),
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.array(fc.string({ maxLength: 5 }), { maxLength: 2 }),
)
const name = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...names) },
  { weight: 2, arbitrary: fc.constantFrom(...propertyList.keys()) },
  { weight: 1, arbitrary: fc.constantFrom('__proto__', 'constructor', 'producer.override.', 'kafka.', 'config', '.') },
)
const refusals = ['CONFIG_INVALID', 'AWS_REGION', 'SECRET_UNAVAILABLE']

describe("a connector's file with any of its properties", () => {
  it('is a pipeline, or is refused without a value in the message', { timeout: 30_000 }, () => {
    const properties = fc.dictionary(name, value, { maxKeys: 12, noNullPrototype: true })
    let pipelines = 0
    fc.assert(
      fc.property(fc.constantFrom(...classes), properties, fc.boolean(), (connectorClass, given, isNested) => {
        const complete = {
          name: 'c',
          'kafka.topic': 't',
          'kinesis.stream': 's',
          'kinesis.region': 'eu-west-1',
          ...given,
          'connector.class': connectorClass,
        }
        const text = JSON.stringify(isNested ? { config: complete } : complete)
        try {
          const config = loadConnector(text, { env: { KAFKA_BOOTSTRAP_SERVERS: 'b:9092' } })
          expect(config.source.type).toBe('kinesis')
          expect(inspect([config.secrets, config.notes, config.kafka.sasl], { depth: 9 })).not.toContain(canary)
          pipelines++
        } catch (error) {
          if (!(error instanceof TailraceError)) throw error
          expect(refusals).toContain(error.code)
          expect(`${error.message} ${JSON.stringify(error.details)}`).not.toContain(canary)
        }
      }),
      { numRuns: 500 },
    )
    // Otherwise the half of the sentence above says nothing.
    expect(pipelines).toBeGreaterThan(20)
  })

  it.each(names)('%s alone never shows its value', (property) => {
    for (const text of [canary, `{${canary}}`, `a ${canary} b`]) {
      const file = {
        name: 'c',
        'connector.class': classes[0],
        'kafka.topic': 't',
        'kinesis.stream': 's',
        [property]: text,
      }
      try {
        const { notes, secrets } = loadConnector(JSON.stringify(file), { env: { KAFKA_BOOTSTRAP_SERVERS: 'b:9092' } })
        // The pipeline is called after it.
        if (property !== 'name') expect(inspect([notes, secrets])).not.toContain(canary)
      } catch (error) {
        if (!(error instanceof TailraceError)) throw error
        expect(error.message).not.toContain(canary)
      }
    }
  })
})
