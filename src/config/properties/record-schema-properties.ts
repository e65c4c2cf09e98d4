import { z } from 'zod'
import { choice, defaulted, list, optional } from '../property.ts'
import type { ValueKind } from '../property.ts'

const strategies = ['TopicNameStrategy', 'RecordNameStrategy', 'TopicRecordNameStrategy'] as const
const strategyPackage = 'io.confluent.kafka.serializers.subject.'

/** Confluent's names; with the package of its Java classes, too, so that a producer's properties can be pasted. */
const subjectStrategy: ValueKind<(typeof strategies)[number]> = {
  type: 'text',
  schema: z
    .string()
    .transform((name) => (name.startsWith(strategyPackage) ? name.slice(strategyPackage.length) : name))
    .pipe(z.enum(strategies)),
  rule: `one of ${strategies.map((name) => `\`${name}\``).join(', ')}, or their Java classes`,
}

const adjustment = choice(['none', 'avro', 'avro_unicode'])
const high = (documentation: string) => ({ importance: 'high', isShared: true, documentation }) as const
const medium = (documentation: string) => ({ importance: 'medium', isShared: true, documentation }) as const
const low = (documentation: string) => ({ importance: 'low', isShared: true, documentation }) as const

/** Records whose schemas a registry keeps. See docs/schema-registry.md. */
export const recordSchemaProperties = {
  'format.value': defaulted(
    choice(['json', 'avro', 'json-schema', 'protobuf']),
    'json',
    high(
      'How values are written: `json` without a registry, `avro`, `protobuf`, or `json-schema` (JSON whose schema a registry keeps).',
    ),
  ),
  'format.key': optional(choice(['json', 'avro', 'json-schema', 'protobuf']), {
    ...medium('How keys are written.'),
    defaultNote: 'as `format.value`',
  }),
  'format.item': defaulted(
    choice(['json-string', 'declared', 'typed']),
    'json-string',
    high(
      'How images are written where there is a schema: as one JSON text, under a schema that never changes; field by field, as `format.schemas` declares them; or as values that name their DynamoDB type, lossless.',
    ),
  ),
  'format.json.item': defaulted(
    choice(['plain', 'dynamodb']),
    'plain',
    medium(
      'The JSON of `format.item: json-string` and of fields for the rest: `plain`, or `dynamodb` (`{"total":{"N":"12.5"}}`, lossless).',
    ),
  ),
  'format.schemas': defaulted(
    list(
      'a list of `table=path`; the files end in `.avsc`, `.json` (JSON Schema) or `.proto`',
      z.string().regex(/^[A-Za-z0-9_.-]{3,255}=.{1,4096}\.(?:avsc|json|proto)$/),
      0,
    ),
    [],
    {
      importance: 'medium',
      documentation:
        'The declared schemas of `format.item: declared`, one file for each table. Relative paths begin at this file. All workers must agree on what the files say.',
    },
  ),
  'format.schema.evolution': defaulted(
    choice(['strict', 'lenient', 'dead-letter']),
    'strict',
    medium(
      'What becomes of a change that does not fit its declared schema: `strict` stops the table, or what `errors.tolerance` says; with `lenient` attributes that do not fit go to the field for the rest; with `dead-letter` the change goes to the dead letters.',
    ),
  ),
  'format.schema.id.in': defaulted(
    choice(['prefix', 'header']),
    'prefix',
    medium(
      'Where a record names its schema: in five bytes in front, which every consumer of a registry reads, or in the header `__value_schema_id` (and `__key_schema_id`), for newer consumers and registries with GUIDs.',
    ),
  ),
  'key.subject.name.strategy': defaulted(
    subjectStrategy,
    'TopicNameStrategy',
    low('Which subject the schemas of keys belong to.'),
  ),
  'value.subject.name.strategy': defaulted(
    subjectStrategy,
    'TopicNameStrategy',
    low('Which subject the schemas of values belong to.'),
  ),
  'format.field.name.adjustment.mode': defaulted(
    adjustment,
    'avro',
    medium(
      "What becomes of names of attributes that Avro does not allow, in Debezium's words: `none` refuses them, `avro` puts `_` for each forbidden character, `avro_unicode` puts `_uxxxx`.",
    ),
  ),
  'format.schema.name.adjustment.mode': defaulted(adjustment, 'avro', low('The same for names of schemas.')),
}
