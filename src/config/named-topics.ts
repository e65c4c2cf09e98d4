import { isNamePattern } from '../change/name-pattern.ts'
import { parseRouteRule } from '../change/route-rule.ts'
import type { TopicPart } from '../change/route-rule.ts'
import type { PipelineConfig } from './pipeline-config.ts'
import type { PropertyName, PropertyValues } from './properties.ts'
import { topicNameOf } from './topic-name.ts'

/** A topic that a configuration lets records go to, as far as can be said before tables and changes are known. */
export interface NamedTopic {
  /** The property that names it. */
  readonly property: string
  /** With `x` in place of what only a table or a change will tell. */
  readonly topic: string
  /** Nothing had to be put in place. */
  readonly isWhole: boolean
}

/** Properties that name one topic each, the ledger's not among them. */
const single = [
  'signal.kafka.topic',
  'notification.sink.topic.name',
  'errors.deadletterqueue.topic.name',
  'source.kinesis.foreign.topic',
] as const satisfies readonly PropertyName[]

/** Every topic that the properties name; what transforms and the user's code make of them is not among these. */
export function namedTopics({
  values,
  overrides,
}: Pick<PipelineConfig, 'values' | 'overrides'>): readonly NamedTopic[] {
  return [
    ...single.flatMap((property) => whole(property, values[property])),
    ...(values['heartbeat.interval.ms'] === 0 ? [] : whole('topic.heartbeat.prefix', heartbeatTopic(values))),
    ...ofTables(values).flatMap((table) =>
      table !== undefined && overrides.byTable.get(table)?.['topic.name'] !== undefined
        ? []
        : [ofTemplate('topic.name', values['topic.name'], { values, table })],
    ),
    ...[...overrides.byTable].flatMap(([table, { 'topic.name': template }]) =>
      template === undefined ? [] : [ofTemplate(`tables.${table}.topic.name`, template, { values, table })],
    ),
    ...values['route.rules'].flatMap((rule) => ofRule(rule, values)),
  ]
}

/** The topic of heartbeats, whether there are any or not. */
export function heartbeatTopic(values: Pick<PropertyValues, 'topic.heartbeat.prefix' | 'topic.prefix'>): string {
  return `${values['topic.heartbeat.prefix']}.${values['topic.prefix']}`
}

function whole(property: string, topic: string | undefined): readonly NamedTopic[] {
  return topic === undefined ? [] : [{ property, topic, isWhole: true }]
}

/** Those with a name, and one that stands for all others. */
function ofTables(values: PropertyValues): readonly (string | undefined)[] {
  return [undefined, ...values['source.tables'].filter((table) => !isNamePattern(table))]
}

const unknown = 'x'

interface Known {
  readonly values: PropertyValues
  readonly table: string | undefined
}

function ofTemplate(property: string, template: string, { values, table }: Known): NamedTopic {
  const prefix = values['topic.prefix']
  const topic = topicNameOf(template, { prefix, table: table ?? unknown, account: unknown, region: unknown })
  const isOpen = /\{(account|region)\}/.test(template) || (table === undefined && template.includes('{table}'))
  return { property, topic, isWhole: !isOpen }
}

function ofRule(text: string, values: PropertyValues): readonly NamedTopic[] {
  const rule = parseRouteRule(text)
  if ('problem' in rule) return []
  return ofTables(values).map((table) => {
    const texts = rule.template.map((part) => textOf(part, { values, table }))
    const topic = texts.map((part) => part ?? unknown).join('')
    return { property: 'route.rules', topic, isWhole: !texts.includes(undefined) }
  })
}

function textOf(part: TopicPart, { values, table }: Known): string | undefined {
  if (part.kind === 'text') return part.text
  if (part.kind === 'attribute') return undefined
  if (part.word === 'prefix') return values['topic.prefix']
  return part.word === 'table' ? table : undefined
}
