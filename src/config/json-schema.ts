import { z } from 'zod'
import { allKafkaNames, firstKafkaName, kafkaPropertyList } from './kafka-property-catalogue.ts'
import type { FamilyName } from './property-family.ts'
import { propertyList } from './properties.ts'
import type { Property } from './property.ts'
import { overridableNames } from './table-overrides.ts'

/** A JSON value that describes others. */
export type JsonSchema = { readonly [key: string]: unknown }

/** What properties the aliases of a list may have, for those who make something of them. */
export interface FamilyReference {
  readonly family: FamilyName
  /** Names for `type`. */
  readonly types: readonly string[]
  /** Those of all types together. */
  readonly properties: readonly { readonly name: string; readonly documentation: string }[]
}

/**
 * The JSON Schema (2020-12) of a pipeline file, for editors. Every mixture of nesting and dotted keys that `loadConfig`
 * takes is described; what follows from several properties together is not.
 */
export function configJsonSchema(families: readonly FamilyReference[] = []): JsonSchema {
  const leaves = new Map<string, JsonSchema>()
  for (const [name, property] of propertyList) leaves.set(name, propertySchema(property))
  for (const name of allKafkaNames()) leaves.set(`kafka.${name}`, kafkaSchema(name))
  const names = [...leaves.keys()]
  const sections = sectionsOf(names).map((section) => [`${section}.*`, sectionSchema(section, names)] as const)
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'tailrace pipeline',
    ...sectionSchema('', names),
    patternProperties: Object.assign({}, ...families.map(familyPatterns), tablePatterns()),
    required: [...propertyList]
      .filter(([name, { presence }]) => presence === 'required' && !name.includes('.'))
      .map(([name]) => name),
    $defs: Object.fromEntries([...withSections(leaves, new Map(sections)), ...sections]),
  }
}

/** A property that is the section of others as well: `format.add.fields` and `format.add.fields.prefix`. */
function withSections(
  leaves: ReadonlyMap<string, JsonSchema>,
  sections: ReadonlyMap<string, JsonSchema>,
): readonly (readonly [string, JsonSchema])[] {
  return [...leaves].map(([name, leaf]) => {
    const section = sections.get(`${name}.*`)
    if (section === undefined) return [name, leaf]
    const { description, ...values } = leaf
    return [name, { description, properties: section['properties'], anyOf: [values, section] }]
  })
}

/** Every proper prefix of the names that ends before a dot: `source`, `source.role`. */
function sectionsOf(names: Iterable<string>): readonly string[] {
  const sections = new Set<string>()
  for (const name of names) {
    for (let dot = name.indexOf('.'); dot > 0; dot = name.indexOf('.', dot + 1)) sections.add(name.slice(0, dot))
  }
  return [...sections].sort()
}

/** What may stand directly in a section: the rest of each name below it, whole or cut at any dot. */
function sectionSchema(section: string, names: readonly string[]): JsonSchema {
  const prefix = section === '' ? '' : `${section}.`
  const rests = names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length))
  const referTo = (name: string): JsonSchema => ({ $ref: `#/$defs/${prefix}${name}` })
  const sections = sectionsOf(rests).map((rest) => [rest, referTo(`${rest}.*`)] as const)
  // A name that is both (`partitioner` and `partitioner.class`) is described as the property.
  const members = [...sections, ...rests.map((rest) => [rest, referTo(rest)] as const)]
  return { type: 'object', properties: Object.fromEntries(members), additionalProperties: false }
}

/** Besides its own values, every property takes a reference as text. */
const reference: JsonSchema = { type: 'string', pattern: '\\$\\{(env|file):' }

function propertySchema(property: Property): JsonSchema {
  const { $schema: _, ...own } = z.toJSONSchema(property.schema, { io: 'input' })
  const described: JsonSchema = {
    description: property.documentation,
    ...(property.defaultValue === undefined ? {} : { default: property.defaultValue }),
  }
  const isPlainText = property.type === 'text' && Object.keys(own).length === 1
  return isPlainText ? { ...own, ...described } : { anyOf: [own, reference], ...described }
}

/** `transforms.a: {type: …}` and `transforms.a.type: …`, with names cut at any dot in the first form. */
function familyPatterns({ family, types, properties }: FamilyReference): JsonSchema {
  const scalar = { type: ['string', 'number', 'boolean'] }
  const value = { anyOf: [scalar, { type: 'array', items: scalar }] }
  const members = properties.map(({ name, documentation }) => [name, { ...value, description: documentation }] as const)
  const type = { type: 'string', examples: types }
  return {
    [`^${family}\\.[A-Za-z0-9_-]+$`]: { type: 'object', properties: Object.fromEntries([['type', type], ...members]) },
    [`^${family}\\.[A-Za-z0-9_-]+\\.type$`]: type,
    [`^${family}\\.[A-Za-z0-9_-]+\\..+$`]: value,
  }
}

/** `tables: {orders: {…}}`, `tables.orders: {…}` and `tables.orders.topic.name: …`; a table's name may hold dots, and may be its ARN. */
function tablePatterns(): JsonSchema {
  const own = sectionSchema('', overridableNames)
  // Sections of all tables hold more than a table may have of its own.
  const sections = sectionsOf(overridableNames).map((section) => {
    const inside = overridableNames.filter((name) => name.startsWith(`${section}.`))
    const members = inside.map((name) => [name.slice(section.length + 1), { $ref: `#/$defs/${name}` }] as const)
    return [section, { type: 'object', properties: Object.fromEntries(members), additionalProperties: true }] as const
  })
  const table = { ...own, properties: { ...(own['properties'] as object), ...Object.fromEntries(sections) } }
  const leaves = overridableNames.map(
    (name) => [`^tables\\..+\\.${name.replaceAll('.', '\\.')}$`, { $ref: `#/$defs/${name}` }] as const,
  )
  return {
    '^tables$': { type: ['object', 'null'], additionalProperties: table },
    '^tables\\.[A-Za-z0-9_.:/-]+$': {},
    ...Object.fromEntries(leaves),
  }
}

function kafkaSchema(name: string): JsonSchema {
  const first = firstKafkaName(name)
  const property = first === undefined ? undefined : kafkaPropertyList.get(first)
  const scalar = { type: ['string', 'number', 'boolean'] }
  if (property === undefined) return { ...scalar, description: 'Without effect in tailrace.' }
  const description = property.documentation
  return property.type === 'list'
    ? { anyOf: [scalar, { type: 'array', items: scalar }], description }
    : { ...scalar, description }
}
