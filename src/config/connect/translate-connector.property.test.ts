import { inspect } from 'node:util'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadConnector } from '../../../test/fixtures/load-connector.ts'
import { TailraceError } from '../../errors.ts'
import { propertyList } from '../properties.ts'
import { rulesOf } from './translate-connector.ts'
import type { ConnectTranslator } from './translator.ts'
import { translators } from './translators.ts'

const canary = 'cAnArY-7f3d'

/** True names of each connector, and for rules about all names with a beginning one of them. */
const namesOf = (translator: ConnectTranslator): readonly string[] =>
  Object.keys(rulesOf(translator)).map((name) => (name.endsWith('.') ? `${name}any.thing` : name))

/** What a file of the connector must hold. */
const needed: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'tailrace.TailraceSourceConnector': { 'source.tables': 'orders', 'source.region': 'eu-west-1' },
  KinesisSource: { 'kafka.topic': 't', 'kinesis.stream': 's', 'kinesis.region': 'eu-west-1' },
  'io.confluent.connect.kinesis.KinesisSourceConnector': { 'kafka.topic': 't', 'kinesis.stream': 's' },
  'com.trustpilot.connector.dynamodb.DynamoDBSourceConnector': {},
  DynamoDbCdcSource: {
    'dynamodb.table.includelist': 'orders',
    'dynamodb.service.endpoint': 'dynamodb.eu-west-1.amazonaws.com',
    'schema.registry.url': 'https://sr.example',
  },
}
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
const nameOf = (translator: ConnectTranslator): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...namesOf(translator)) },
    { weight: 2, arbitrary: fc.constantFrom(...propertyList.keys()) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('__proto__', 'constructor', 'producer.override.', 'kafka.', 'config', '.'),
    },
  )
/** Where the file says nothing else. */
const typeOf = (connectorClass: string): string => (/Kinesis/.test(connectorClass) ? 'kinesis' : 'dynamodb-streams')
const refusals = ['CONFIG_INVALID', 'AWS_REGION', 'SECRET_UNAVAILABLE']

describe.each(translators.map((translator) => [translator.title, translator] as const))(
  "%s's file",
  (_, translator) => {
    const [first = ''] = translator.classes

    it(
      'with any of its properties is a pipeline, or is refused without a value in the message',
      { timeout: 30_000 },
      () => {
        const properties = fc.dictionary(nameOf(translator), value, { maxKeys: 12, noNullPrototype: true })
        let pipelines = 0
        fc.assert(
          fc.property(
            fc.constantFrom(...translator.classes),
            properties,
            fc.boolean(),
            (connectorClass, given, isNested) => {
              const complete = { name: 'c', ...needed[first], ...given, 'connector.class': connectorClass }
              const text = JSON.stringify(isNested ? { config: complete } : complete)
              try {
                const config = loadConnector(text, { env: { KAFKA_BOOTSTRAP_SERVERS: 'b:9092' } })
                expect(config.source.type).toBe(typeOf(connectorClass))
                expect(inspect([config.secrets, config.notes, config.kafka.sasl], { depth: 9 })).not.toContain(canary)
                pipelines++
              } catch (error) {
                if (!(error instanceof TailraceError)) throw error
                expect(refusals).toContain(error.code)
                expect(`${error.message} ${JSON.stringify(error.details)}`).not.toContain(canary)
              }
            },
          ),
          { numRuns: 250 },
        )
        // Otherwise the half of the sentence above says nothing.
        expect(pipelines).toBeGreaterThan(5)
      },
    )

    it.each(namesOf(translator))('%s alone never shows its value', (property) => {
      for (const text of [canary, `{${canary}}`, `a ${canary} b`]) {
        const file = { name: 'c', 'connector.class': first, ...needed[first], [property]: text }
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
  },
)
