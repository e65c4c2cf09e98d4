import { propertyList } from '../properties.ts'
import type { ConnectInput } from './translator.ts'

/** The class without its package. */
function className(text: string): string {
  return text.slice(text.lastIndexOf('.') + 1)
}

type Side = 'key' | 'value'

/**
 * Converters where records are written byte for byte: those that do nothing to bytes and texts pass, others would make other
 * bytes of them and are refused.
 */
export function readRawConverters(connector: ConnectInput): void {
  for (const side of ['key', 'value'] as const) {
    const name = `${side}.converter`
    const text = connector.text(name)
    const others = connector.names(`${name}.`)
    if (others.length > 0)
      connector.note(`without effect, since records are written byte for byte: ${others.join(', ')}`)
    const known = text === undefined ? 'ByteArrayConverter' : className(text)
    if (known !== 'ByteArrayConverter' && known !== 'StringConverter') refuse(connector, name)
  }
  for (const name of ['output.data.format', 'output.data.key.format']) {
    const format = connector.text(name)?.toUpperCase() ?? 'BYTES'
    if (format !== 'BYTES' && format !== 'STRING') refuse(connector, name)
  }
}

function refuse({ problem }: ConnectInput, name: string): void {
  problem(
    name,
    'would write other bytes than the stream holds, and source.kinesis.records: raw writes just those; leave it out, or set source.kinesis.records: dynamodb for changes of tables',
  )
}

const formats: ReadonlyMap<string, string> = new Map([
  ['JsonConverter', 'json'],
  ['AvroConverter', 'avro'],
  ['JsonSchemaConverter', 'json-schema'],
  ['ProtobufConverter', 'protobuf'],
  ['JSON', 'json'],
  ['AVRO', 'avro'],
  ['JSON_SR', 'json-schema'],
  ['PROTOBUF', 'protobuf'],
])

/** Converters of records that have a shape: the format that they mean, and what they say of schemas and the registry. */
export function readConverters(connector: ConnectInput): void {
  readFormat(connector, 'value', 'output.data.format')
  readFormat(connector, 'key', 'output.data.key.format')
  const without: string[] = []
  for (const side of ['key', 'value'] as const) {
    const prefix = `${side}.converter.`
    for (const name of connector.names(prefix)) {
      if (name === `${prefix}schemas.enable`) continue
      if (name.endsWith('.schema.id.serializer')) {
        readIdPlace(connector, name)
        continue
      }
      const ours = propertyOfConverter(name.slice(prefix.length))
      if (ours === undefined) without.push(name)
      else connector.set(ours, connector.text(name) ?? '', name)
    }
  }
  if (without.length > 0) connector.note(`without effect: ${without.join(', ')}`)
}

/** Confluent's two classes that say where a record names its schema. */
function readIdPlace(connector: ConnectInput, name: string): void {
  const place = idPlaces.get(className(connector.text(name) ?? ''))
  if (place === undefined) connector.problem(name, 'must be PrefixSchemaIdSerializer or HeaderSchemaIdSerializer')
  // In front is where it stands without a word, and a half in JSON has none.
  else if (place === 'header') connector.set('format.schema.id.in', place, name)
}

const idPlaces: ReadonlyMap<string, string> = new Map([
  ['PrefixSchemaIdSerializer', 'prefix'],
  ['HeaderSchemaIdSerializer', 'header'],
])

/** Names of a converter's properties are those of the registry's client. */
function propertyOfConverter(rest: string): string | undefined {
  return [rest, `schema.registry.${rest}`].find((name) => propertyList.has(name) && isAboutSchemas(name))
}

function isAboutSchemas(name: string): boolean {
  return /^(schema\.registry\.|auto\.register|use\.latest|latest\.|normalize\.|(key|value)\.subject\.)/.test(name)
}

function readFormat(connector: ConnectInput, side: Side, managedName: string): void {
  const name = connector.text(`${side}.converter`) === undefined ? managedName : `${side}.converter`
  const text = connector.text(name)
  if (text === undefined) return
  const format = formats.get(name === managedName ? text.toUpperCase() : className(text))
  if (format === undefined) {
    connector.problem(name, 'is no converter for changes of tables: JSON, Avro, JSON Schema and Protobuf are')
    return
  }
  connector.set(`format.${side}`, format, name)
  if (format !== 'json' || name === managedName) return
  // Connect's JsonConverter writes schemas unless it is told not to.
  const schemas = connector.text(`${name}.schemas.enable`)?.toLowerCase() ?? 'true'
  if (schemas === 'true' || schemas === 'false') connector.set('format.schemas.enable', schemas, name)
  else connector.problem(`${name}.schemas.enable`, 'must be `true` or `false`')
}
