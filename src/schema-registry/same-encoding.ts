import type { SchemaReference, SchemaText } from './schema-registry.ts'

/**
 * True if records are the same bytes with the same meaning under both schemas, whatever values they hold. It compares what
 * is written down and nothing cleverer: false may only mean that it cannot tell.
 *
 * - AVRO: the same names, fields in the same order, types and logical types. Documentation, aliases, defaults and
 *   properties of others (`connect.name`) may differ.
 * - JSON: the same rules. Titles, descriptions, comments, examples, defaults and `$id`, and the order of names, may differ.
 * - PROTOBUF: the same words. Comments and spaces may differ.
 */
export function haveSameEncoding(left: SchemaText, right: SchemaText): boolean {
  if (left.type !== right.type || !haveSameReferences(left.references, right.references)) return false
  if (left.text === right.text) return true
  const [first, second] = [encodingOf(left), encodingOf(right)]
  return first !== undefined && first === second
}

function haveSameReferences(left: readonly SchemaReference[] = [], right: readonly SchemaReference[] = []): boolean {
  const words = (all: readonly SchemaReference[]): string =>
    JSON.stringify(all.map(({ name, subject, version }) => JSON.stringify([name, subject, version])).sort())
  return words(left) === words(right)
}

/** What decides about the bytes, as a text; undefined if the schema cannot be read here. */
function encodingOf({ type, text }: SchemaText): string | undefined {
  if (type === 'PROTOBUF') return protobufWords(text)
  if (hasEscapeInName(text)) return undefined
  try {
    const schema: unknown = JSON.parse(text)
    return JSON.stringify(type === 'AVRO' ? avroEncoding(schema, '') : jsonRules(schema))
  } catch {
    // Not JSON: an Avro primitive may stand without quotes in some registries, and equals only itself.
    return undefined
  }
}

/** V8 may misread such names (see AGENTS.md), so these schemas have to be equal as texts. */
function hasEscapeInName(text: string): boolean {
  const strings = [...text.matchAll(/"([^"\\]*(?:\\.[^"\\]*)*)"(\s*:)?/g)]
  return strings.some(([, content = '', colon]) => colon !== undefined && content.includes('\\'))
}

const avroNamed = new Set(['record', 'error', 'enum', 'fixed'])
const avroPrimitives = new Set(['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'])
/** What an Avro type may hold that decides about bytes or their meaning, besides its name. */
const avroParts = ['symbols', 'size', 'logicalType', 'precision', 'scale']

function avroEncoding(schema: unknown, namespace: string): unknown {
  if (typeof schema === 'string') return avroPrimitives.has(schema) ? schema : fullName(schema, namespace)
  if (Array.isArray(schema)) return schema.map((branch) => avroEncoding(branch, namespace))
  if (!isObject(schema)) return schema
  const { type, name, namespace: own } = schema
  // `{"type": {"type": "string"}}` says no more than what is inside.
  if (typeof type !== 'string') return avroEncoding(type, namespace)
  const isNamed = avroNamed.has(type)
  const full = isNamed ? fullName(String(name), typeof own === 'string' ? own : namespace) : ''
  const within = isNamed ? full.slice(0, Math.max(0, full.lastIndexOf('.'))) : namespace
  const parts = avroParts.filter((part) => schema[part] !== undefined).map((part) => [part, schema[part]] as const)
  const isContainer = isNamed || type === 'array' || type === 'map'
  if (!isContainer && parts.length === 0) return avroEncoding(type, namespace)
  return {
    type,
    ...(isNamed ? { name: full } : {}),
    ...Object.fromEntries(parts),
    ...('items' in schema ? { items: avroEncoding(schema['items'], within) } : {}),
    ...('values' in schema ? { values: avroEncoding(schema['values'], within) } : {}),
    ...(Array.isArray(schema['fields']) ? { fields: schema['fields'].map((field) => avroField(field, within)) } : {}),
  }
}

function avroField(field: unknown, namespace: string): unknown {
  return isObject(field) ? { name: field['name'], type: avroEncoding(field['type'], namespace) } : field
}

function fullName(name: string, namespace: string): string {
  return name.includes('.') || namespace === '' ? name : `${namespace}.${name}`
}

const jsonAnnotations = new Set([
  '$id',
  '$comment',
  'title',
  'description',
  'default',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
])
/** Keywords whose names are the user's, each with a schema. */
const jsonMaps = new Set([
  'properties',
  'patternProperties',
  '$defs',
  'definitions',
  'dependentSchemas',
  'dependencies',
])
const jsonSets = new Set(['required', 'type', 'enum'])

function jsonRules(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(jsonRules)
  if (!isObject(schema)) return schema
  const rules = Object.entries(schema)
    .filter(([keyword]) => !jsonAnnotations.has(keyword))
    .map(([keyword, value]) => [keyword, jsonRule(keyword, value)] as const)
  return sorted(rules)
}

function jsonRule(keyword: string, value: unknown): unknown {
  if (jsonSets.has(keyword) && Array.isArray(value)) return value.map((one) => JSON.stringify(literal(one))).sort()
  if (keyword === 'const') return literal(value)
  if (!jsonMaps.has(keyword) || !isObject(value)) return jsonRules(value)
  return sorted(Object.entries(value).map(([name, one]) => [name, jsonRules(one)] as const))
}

/** A value, not a schema: every name in it counts. */
function literal(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(literal)
  if (!isObject(value)) return value
  return sorted(Object.entries(value).map(([name, one]) => [name, literal(one)] as const))
}

/** As pairs: an object of that many names would put those that look like numbers first, and lose `__proto__`. */
function sorted(pairs: readonly (readonly [string, unknown])[]): unknown {
  return { object: pairs.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)) }
}

/** Texts in quotes, words and numbers, single signs; neither spaces nor comments. */
function protobufWords(text: string): string {
  const tokens = text.matchAll(/\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|[\w.]+|[^\s\w]/g)
  return JSON.stringify([...tokens].map(([token]) => token).filter((token) => !/^\/[/*]/.test(token)))
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
