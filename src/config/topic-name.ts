import { isTopicName } from '../change/legal-topic.ts'

/** What a topic's name is made of. */
export interface TopicNameParts {
  readonly prefix: string
  readonly account: string
  readonly region: string
  readonly table: string
}

const placeholder = /\{([^{}]*)\}/g
const placeholders: ReadonlySet<string> = new Set(['prefix', 'account', 'region', 'table'])

/** True if every placeholder is known and the text around them is legal in a topic's name. */
export function isTopicTemplate(template: string): boolean {
  const names = [...template.matchAll(placeholder)].map((match) => match[1] ?? '')
  return names.every((name) => placeholders.has(name)) && isTopicName(template.replaceAll(placeholder, 'x'))
}

/** The topic of a table. Whether the name is too long (249) can only be known here: ask `isTopicName`. */
export function topicNameOf(template: string, parts: TopicNameParts): string {
  const values: ReadonlyMap<string, string> = new Map(Object.entries(parts))
  return template.replaceAll(placeholder, (whole, name: string) => values.get(name) ?? whole)
}
