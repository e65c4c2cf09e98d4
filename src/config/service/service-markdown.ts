import { markdownTable } from '../markdown-table.ts'
import type { Property } from '../property.ts'
import { connectPropertyNames, servicePropertyList } from './service-properties.ts'
import { unusedWorkerProperties } from './unused-worker-properties.ts'

/** The reference of a service's file in Markdown, made from its declarations. */
export function serviceMarkdown(): string {
  const names = new Set(connectPropertyNames)
  const all = [...servicePropertyList]
  return [
    '### As in Kafka Connect',
    table(all.filter(([name]) => names.has(name))),
    '### Beyond Kafka Connect',
    table(all.filter(([name]) => !names.has(name))),
    '### Accepted without effect',
    'A name that ends with a dot stands for all that begin with it. Each is told in the log when a process starts.',
    markdownTable(['Property', 'Without effect, since'], unused()),
  ].join('\n\n')
}

function table(properties: readonly (readonly [string, Property])[]): string {
  const rows = properties.map(([name, property]) => [
    `\`${name}\``,
    property.type,
    defaultWords(property),
    property.importance,
    `${property.documentation}${property.type === 'boolean' ? '' : ` Must be ${property.rule}.`}`,
  ])
  return markdownTable(['Property', 'Type', 'Default', 'Importance', 'Meaning'], rows)
}

function defaultWords({ presence, defaultValue, defaultNote }: Property): string {
  if (defaultNote !== undefined) return defaultNote
  if (presence === 'required') return '(required)'
  if (defaultValue === undefined) return ''
  const values: readonly unknown[] = Array.isArray(defaultValue) ? defaultValue : [defaultValue]
  return values.map((value) => `\`${String(value)}\``).join(', ')
}

/** Names by reason, in the order of the list. */
function unused(): readonly (readonly string[])[] {
  const byReason = Map.groupBy(unusedWorkerProperties, ([, reason]) => reason)
  return [...byReason].map(([reason, entries]) => [entries.map(([name]) => `\`${name}\``).join(', '), reason])
}
