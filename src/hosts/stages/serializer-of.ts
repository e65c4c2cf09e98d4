import type { Table } from '../../change/table.ts'
import type { PipelineConfig } from '../../config/pipeline-config.ts'
import type { RecordFormatName } from '../../config/record-schema-config.ts'
import { tableTopicOf } from '../../config/table-topic.ts'
import type { Envelope, RowForm } from '../../envelope/envelope.ts'
import { trustpilotKeyName } from '../../envelope/trustpilot-envelope.ts'
import { TailraceError } from '../../errors.ts'
import type { SchemaRegistry } from '../../schema-registry/schema-registry.ts'
import { createAvroFormat } from '../../serialize/avro/avro-format.ts'
import type { FitOptions } from '../../serialize/fit/fit-document.ts'
import { createJsonSchemaFormat } from '../../serialize/json-schema/json-schema-format.ts'
import { createJsonSerializer } from '../../serialize/json-serializer.ts'
import type { JsonSerializerOptions } from '../../serialize/json-serializer.ts'
import { createProtobufFormat } from '../../serialize/protobuf/protobuf-format.ts'
import type { RecordFormat, RecordHalf } from '../../serialize/record-encoder.ts'
import { createPlainHalf } from '../../serialize/registry/plain-half.ts'
import { createRegisteredHalf } from '../../serialize/registry/record-half.ts'
import type { HalfFormat } from '../../serialize/registry/record-half.ts'
import type { SchemaIdPlace } from '../../serialize/registry/schema-frame.ts'
import type { SubjectStrategy } from '../../serialize/registry/subject-name.ts'
import { createRegistrySerializer } from '../../serialize/registry/registry-serializer.ts'
import type { Serializer } from '../../serialize/serializer.ts'
import { declaredRow } from '../../shapes/declared-row.ts'
import type { RecordShapes } from '../../shapes/shape.ts'
import type { RecordTransform } from '../../transform/record-transform.ts'
import { declaredShapes } from './declared-schemas.ts'
import { readingTextKeys } from './text-keys.ts'

/** What the serializer depends on besides the configuration. */
export interface SerializerParts {
  readonly envelopeFor: (table: Table) => Envelope
  readonly recordTransforms: readonly RecordTransform[]
  /** Needed where a half of the records has a schema. */
  readonly registry: SchemaRegistry | undefined
}

/** The serializer that a configuration means. Throws SCHEMA_DECLARATION for declared schemas that cannot be read. */
export function serializerOf(config: PipelineConfig, parts: SerializerParts): Serializer {
  const serializer = plainSerializerOf(config, parts)
  return config.format.envelope === 'trustpilot' ? readingTextKeys(serializer) : serializer
}

function plainSerializerOf(config: PipelineConfig, parts: SerializerParts): Serializer {
  const { recordSchemas } = config
  if (!needsRegistry(config)) return createJsonSerializer(jsonOptions(config))
  const rowOf = rowForms(config)
  return createRegistrySerializer({
    key: halfOf('key', config, parts.registry),
    value: halfOf('value', config, parts.registry),
    // Transforms begin with the topic that a record comes from, whichever one it ends in.
    shapesOf: (table) => shapesOf(table, { topic: ownTopicOf(table, config), row: rowOf(table), ...parts }),
    isMismatchDeadLetter: recordSchemas.evolution === 'dead-letter',
  })
}

/** True if some of the records have a schema in a registry. */
export function needsRegistry({ recordSchemas: { key, value } }: Pick<PipelineConfig, 'recordSchemas'>): boolean {
  return key !== 'json' || value !== 'json'
}

/** The name of a table's own topic, by the configuration. */
export function ownTopicOf(table: Table, config: PipelineConfig): string {
  return tableTopicOf(config, table)
}

function shapesOf(
  table: Table,
  {
    topic,
    row,
    envelopeFor,
    recordTransforms,
  }: Omit<SerializerParts, 'registry'> & { readonly topic: string; readonly row: RowForm },
): RecordShapes {
  try {
    return recordTransforms.reduce<RecordShapes>(
      (shapes, transform) => transform.shapes(shapes, { table, topic }),
      envelopeFor(table).shapes(row),
    )
  } catch (error) {
    if (!(error instanceof TailraceError) || error.code !== 'CONFIG_INVALID') throw error
    // Of this table; others may have the fields that the transforms ask for.
    const text = `what the transforms make of table ${table.name} has no schema: ${error.message}`
    throw new TailraceError('SCHEMA_FORM', text, { cause: error, details: { table: table.name } })
  }
}

function rowForms({ recordSchemas: { item, declared, value } }: PipelineConfig): (table: Table) => RowForm {
  // Of values without a schema nothing is asked.
  if (item === 'json-string' || value === 'json') return () => ({ kind: 'json' })
  if (item === 'typed') return () => ({ kind: 'typed' })
  const shapes = declaredShapes(declared)
  return (table) => {
    const shape = shapes.get(table.name)
    if (shape === undefined) {
      const text = `format.schemas declares no schema for table ${table.name}`
      throw new TailraceError('SCHEMA_FORM', text, { details: { table: table.name } })
    }
    return { kind: 'declared', shape: declaredRow(shape, table) }
  }
}

function halfOf(half: RecordHalf, config: PipelineConfig, registry: SchemaRegistry | undefined): HalfFormat {
  const { recordSchemas, topic } = config
  const name = recordSchemas[half]
  if (name === 'json') return createPlainHalf({ ...jsonOptions(config), name: topic.prefix })
  if (registry === undefined) throw new Error(`format.${half} needs a schema registry`)
  return createRegisteredHalf({
    registry,
    format: formatOf(name, config),
    ...framingOf(half, config),
  })
}

function jsonOptions(config: PipelineConfig): JsonSerializerOptions {
  const { format } = config
  return {
    numbers: format.numberMode,
    schemasEnable: format.hasSchema,
    binaries: format.binaryMode,
    ...(format.envelope === 'trustpilot'
      ? { keySchemaName: (table: Table) => trustpilotKeyName(ownTopicOf(table, config)) }
      : {}),
  }
}

/** Glue has names and frames of its own. */
function framingOf(
  half: RecordHalf,
  { registry, recordSchemas: { subjects, idPlace } }: PipelineConfig,
): { readonly subjects: SubjectStrategy; readonly idPlace: SchemaIdPlace } {
  if (registry?.kind !== 'glue') return { subjects: subjects[half], idPlace }
  return {
    subjects: subjects[half] === 'topic' ? 'glue-topic' : subjects[half],
    idPlace: registry.compression === 'zlib' ? 'glue-zlib' : 'glue',
  }
}

function formatOf(name: Exclude<RecordFormatName, 'json'>, config: PipelineConfig): RecordFormat {
  const { format, recordSchemas } = config
  const fit: FitOptions = {
    json: recordSchemas.json,
    numbers: format.numberMode,
    binaries: format.binaryMode,
    evolution: recordSchemas.evolution === 'lenient' ? 'lenient' : 'strict',
    roundsNumbers: format.numberMode === 'double',
  }
  switch (name) {
    case 'avro':
      return createAvroFormat({ names: recordSchemas.names, fit })
    case 'json-schema':
      return createJsonSchemaFormat(fit)
    case 'protobuf':
      return createProtobufFormat({ names: recordSchemas.names, fit })
  }
}
