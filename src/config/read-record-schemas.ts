import type { Problem } from './problem.ts'
import type { PropertyName, PropertyValues } from './properties.ts'
import type { DeclaredSchema, RecordSchemaConfig, SubjectStrategyName } from './record-schema-config.ts'

type WhereOf = (name: PropertyName) => string | undefined

/** How records with schemas are written. Files that cannot be read are added to `problems`. */
export function readRecordSchemas(
  values: PropertyValues,
  { readText, whereOf }: { readonly readText: (path: string) => string; readonly whereOf: WhereOf },
  problems: Problem[],
): RecordSchemaConfig {
  const value = values['format.value']
  const declared = values['format.schemas'].map((entry): DeclaredSchema => {
    const at = entry.indexOf('=')
    const [table, path] = [entry.slice(0, at), entry.slice(at + 1)]
    try {
      return { table, path, text: readText(path) }
    } catch {
      // Why it cannot be read adds nothing to which file it is.
      problems.push({
        where: whereOf('format.schemas'),
        text: `format.schemas: the file of table ${table} cannot be read`,
      })
      return { table, path, text: '' }
    }
  })
  return {
    key: values['format.key'] ?? value,
    value,
    item: values['format.item'],
    json: values['format.json.item'],
    declared,
    evolution: values['format.schema.evolution'],
    idPlace: values['format.schema.id.in'],
    subjects: {
      key: strategies[values['key.subject.name.strategy']],
      value: strategies[values['value.subject.name.strategy']],
    },
    names: {
      fields: values['format.field.name.adjustment.mode'],
      schemas: values['format.schema.name.adjustment.mode'],
    },
  }
}

const strategies = {
  TopicNameStrategy: 'topic',
  RecordNameStrategy: 'record',
  TopicRecordNameStrategy: 'topic-record',
} as const satisfies Readonly<Record<string, SubjectStrategyName>>

const schemaOnly = [
  'format.item',
  'format.json.item',
  'format.schemas',
  'format.schema.evolution',
  'format.schema.id.in',
  'key.subject.name.strategy',
  'value.subject.name.strategy',
  'format.field.name.adjustment.mode',
  'format.schema.name.adjustment.mode',
] as const

/** Problems of the properties of records with schemas, with each other and with the rest. */
export function recordSchemaProblems(values: PropertyValues, whereOf: WhereOf): readonly Problem[] {
  const problems: Problem[] = []
  const refuse = (name: PropertyName, text: string): void => void problems.push({ where: whereOf(name), text })
  const value = values['format.value']
  const key = values['format.key'] ?? value
  if (value === 'json' && key === 'json') {
    for (const name of schemaOnly)
      if (whereOf(name) !== undefined) refuse(name, `${name} is set without a format.value that has a schema`)
    return problems
  }
  if (values['schema.registry.url'] === undefined && values['schema.registry.type'] === 'confluent') {
    const name = value === 'json' ? 'format.key' : 'format.value'
    refuse(name, `${name}: ${value === 'json' ? key : value} needs schema.registry.url`)
  }
  if (values['format.schemas.enable'] && value !== 'json' && key !== 'json')
    refuse('format.schemas.enable', 'format.schemas.enable has no effect: neither keys nor values are json')
  return [...problems, ...itemProblems(values, whereOf)]
}

function itemProblems(values: PropertyValues, whereOf: WhereOf): readonly Problem[] {
  const problems: Problem[] = []
  const refuse = (name: PropertyName, text: string): void => void problems.push({ where: whereOf(name), text })
  const item = values['format.item']
  const tables = values['format.schemas'].map((entry) => entry.slice(0, entry.indexOf('=')))
  if (item === 'declared' && tables.length === 0) refuse('format.item', 'format.item: declared needs format.schemas')
  if (item !== 'declared') {
    for (const name of ['format.schemas', 'format.schema.evolution'] as const)
      if (whereOf(name) !== undefined) refuse(name, `${name} is set without format.item: declared`)
  }
  const twice = tables.find((table, index) => tables.indexOf(table) !== index)
  if (twice !== undefined) refuse('format.schemas', `format.schemas names table ${twice} twice`)
  if (values['format.value'] !== 'json' && values['format.envelope'] === 'flat' && item !== 'declared')
    refuse(
      'format.envelope',
      'format.envelope: flat needs format.item: declared, so that the fields of an item are known',
    )
  return problems
}
