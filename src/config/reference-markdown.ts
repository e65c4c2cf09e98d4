import {
  fixedKafkaProperties,
  kafkaPropertyList,
  refusedKafkaProperties,
  unusedKafkaProperties,
} from './kafka-property-catalogue.ts'
import { markdownTable } from './markdown-table.ts'
import { propertyList } from './properties.ts'
import { propertyGroups } from './property-groups.ts'
import type { Property } from './property.ts'
import { overridableNames } from './table-overrides.ts'

/** The reference of all properties in Markdown, made from their declarations. */
export function referenceMarkdown(): string {
  const sections = propertyGroups.map(([heading, roots]) => {
    const rows = [...propertyList].filter(([name]) => roots.includes(name.split('.')[0] ?? '')).map(propertyRow)
    return `### ${heading}\n\n${markdownTable(['Property', 'Type', 'Default', 'Importance', 'Meaning'], rows)}`
  })
  return [...sections, tablesSection(), kafkaSection()].join('\n\n')
}

function tablesSection(): string {
  const rows = overridableNames.map((name) => {
    const property = propertyList.get(name)
    return [`\`tables.<table>.${name}\`${property?.isShared === true ? ' *' : ''}`, property?.type ?? '', `\`${name}\``]
  })
  return [
    '### Single tables',
    'What one table has of its own, by its name or its ARN, in place of what holds for all; also for tables that are found by patterns or tags. What is the name or the ARN of none is told in `check` and in the log, and has no effect.',
    markdownTable(['Property', 'Type', 'In place of'], rows),
  ].join('\n\n')
}

function propertyRow([name, property]: readonly [string, Property]): readonly string[] {
  const marks = property.isShared === true ? ' *' : ''
  const rule = property.type === 'boolean' ? '' : ` Must be ${property.rule}.`
  return [
    `\`${name}\`${marks}`,
    property.type,
    defaultWords(property),
    property.importance,
    `${property.documentation}${rule}`,
  ]
}

function defaultWords({ presence, defaultValue, defaultNote }: Property): string {
  if (defaultNote !== undefined) return defaultNote
  if (presence === 'required') return '(required)'
  if (defaultValue === undefined) return ''
  const values: readonly unknown[] = Array.isArray(defaultValue) ? defaultValue : [defaultValue]
  return values.map((value) => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``).join(', ')
}

function kafkaSection(): string {
  const file = propertyList.get('kafka.properties.file')
  const rows = [...kafkaPropertyList].map(([name, { aliases, type, importance, documentation }]) => {
    const others = aliases.map((alias) => `\`${alias}\``).join(', ')
    return [`\`${name}\``, others, type, importance, documentation]
  })
  const fixed = [...fixedKafkaProperties].map(([name, [value = '']]) => `\`${name}=${value}\``).join(', ')
  const refused = [...refusedKafkaProperties].map(([name, reason]) => `\`${name}\` (${reason})`).join(', ')
  return [
    '### Kafka client',
    'Names as in Java or librdkafka, below `kafka`.',
    markdownTable(
      ['Property', 'Type', 'Default', 'Importance', 'Meaning'],
      file === undefined ? [] : [propertyRow(['kafka.properties.file', file])],
    ),
    markdownTable(['Property', 'Also known as', 'Type', 'Importance', 'Meaning'], rows),
    `Always so, and refused with another value: ${fixed}.`,
    `Refused: ${refused}.`,
    `Accepted without effect, with a note in \`check\` and in the log: ${[...unusedKafkaProperties].map((name) => `\`${name}\``).join(', ')}.`,
  ].join('\n\n')
}
