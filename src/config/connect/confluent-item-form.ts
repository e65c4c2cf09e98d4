import type { ConnectInput } from './translator.ts'

const content = 'document.content.format'
const validation = 'document.schema.validation'
const decimals = 'decimal.handling.mode'

/**
 * How Confluent's DynamoDB connector writes items: as one text of DynamoDB JSON, or by a schema. A schema stands in its file
 * as a text, for all tables; ours are files, one for each table, and nobody can make the one of the other.
 */
export function readItemForm(connector: ConnectInput): void {
  const text = connector.text(content)?.toLowerCase() ?? (connector.isGiven(content) ? undefined : 'json_string')
  if (text === 'json_string') readText(connector)
  else if (text === 'schema') readSchema(connector)
  else if (text !== undefined) connector.problem(content, 'must be json_string or schema')
}

function readText(connector: ConnectInput): void {
  // Files of the service name everything, so what goes with schemas alone says nothing here.
  const from = connector.isGiven(content) ? content : undefined
  if (connector.isGiven('format.item')) {
    if (from !== undefined) connector.note(`without effect, since format.item is set: ${from}`)
  } else if (writesSchemas(connector)) connector.set('format.json.item', 'dynamodb', from)
  const others = connector.names('document.schema.').filter((name) => name !== validation)
  if (connector.isGiven('document.schema.value'))
    connector.note(`without effect, since ${content} is json_string: ${others.join(', ')}`)
  if (connector.isGiven(decimals))
    connector.note(`without effect, since a document of DynamoDB JSON holds every digit of a number: ${decimals}`)
}

/** Plain JSON has no such text; Avro, which is the default, has one. */
function writesSchemas({ text }: ConnectInput): boolean {
  const said = text('format.value') ?? text('value.converter') ?? text('output.data.format') ?? 'AVRO'
  return !/^json$|JsonConverter$/i.test(said)
}

function readSchema(connector: ConnectInput): void {
  if (!connector.isGiven('format.schemas')) {
    const source = connector.text('document.schema.source')?.toLowerCase()
    if (source === 'auto_infer')
      connector.problem(
        content,
        'is schema, which is to be inferred: declare it (`tailrace schema` makes a first one) in format.schemas, or set format.item: typed',
      )
    else connector.problem(content, 'is schema: write document.schema.value into a file, and set format.schemas')
    return
  }
  connector.set('format.item', 'declared', content)
  if (connector.isGiven('document.schema.value'))
    connector.note('without effect, since format.schemas is set: document.schema.value')
  const strictness = connector.text(validation)?.toLowerCase()
  if (strictness === 'strict' || strictness === 'lenient')
    connector.set('format.schema.evolution', strictness, validation)
  else if (strictness !== undefined) connector.problem(validation, 'must be strict or lenient')
  if (strictness === 'lenient')
    connector.note(`${validation}: lenient keeps what does not fit in the field for the rest, and drops nothing`)
  readDecimals(connector)
}

function readDecimals(connector: ConnectInput): void {
  const text = connector.text(decimals)?.toLowerCase()
  switch (text) {
    case undefined:
      return
    case 'double':
      connector.set('format.number.mode', 'double', decimals)
      connector.note(`${decimals}: double rounds numbers to about 16 digits; exact keeps all 38`)
      return
    case 'string':
      connector.set('format.number.mode', 'string', decimals)
      return
    case 'long':
    case 'auto':
      connector.set('format.number.mode', 'exact', decimals)
      connector.note(`${decimals}: ${text} is exact: the type of a field is that of its schema`)
      return
    default:
      connector.problem(decimals, 'must be one of double, long, string, auto')
  }
}
