import { canonicalNumber } from '../change/attribute-number.ts'
import type { ChangeEvent } from '../change/change-event.ts'
import { valueAt } from '../change/condition/attribute-path.ts'
import { presentImage, testCondition } from '../change/condition/test-condition.ts'
import { isTopicName } from '../change/legal-topic.ts'
import type { RouteRule, TopicPart } from '../change/route-rule.ts'
import type { Table } from '../change/table.ts'
import { changeError } from './change-place.ts'
import type { ChangeTransform, RoutedChange, TransformOutcome } from './change-transform.ts'

/**
 * Sends changes to topics by what they hold: the first rule whose condition surely holds decides. A change that has a
 * topic already keeps it. Fails with ROUTE_REFUSED where a rule makes no topic of a change.
 */
export function createChangeRouter(rules: readonly RouteRule[], prefix: string): ChangeTransform {
  return {
    apply: (changes, table) => Promise.resolve(changes.map((change) => routed(change, { rules, prefix, table }))),
  }
}

interface Routing {
  readonly rules: readonly RouteRule[]
  readonly prefix: string
  readonly table: Table
}

function routed(change: RoutedChange, routing: Routing): TransformOutcome {
  const { event, topic } = change
  const { rules, table } = routing
  const rule =
    topic === undefined
      ? rules.find(({ condition }) => testCondition(condition, event, table.name) === true)
      : undefined
  if (rule === undefined) return { kind: 'passed', changes: [change] }
  const texts: string[] = []
  for (const part of rule.template) {
    const text = textOf(part, event, routing)
    if (text === undefined || text === '') {
      const what = part.kind === 'attribute' ? `has no text or number at ${part.name}` : 'makes an empty name'
      return failed(`cannot be routed: it ${what}`, event, table)
    }
    texts.push(text)
  }
  const name = texts.join('')
  if (!isTopicName(name)) return failed('cannot be routed: its attributes make no legal name of a topic', event, table)
  return { kind: 'passed', changes: [{ ...change, topic: name }] }
}

function failed(problem: string, event: ChangeEvent, table: Table): TransformOutcome {
  return { kind: 'failed', error: changeError('ROUTE_REFUSED', problem, { event, table }) }
}

function textOf(part: TopicPart, event: ChangeEvent, { prefix, table }: Routing): string | undefined {
  if (part.kind === 'text') return part.text
  if (part.kind === 'word') return part.word === 'prefix' ? prefix : table[part.word === 'table' ? 'name' : part.word]
  const value = valueAt(presentImage(event), part.path)
  if (value === undefined) return undefined
  if ('S' in value) return cleaned(value.S)
  const number = 'N' in value ? canonicalNumber(value.N) : undefined
  return number === undefined ? undefined : cleaned(number)
}

/** What is illegal in a topic's name becomes an underscore, as in Debezium: two values may so share a topic. */
function cleaned(text: unknown): string | undefined {
  return typeof text === 'string' ? text.replaceAll(/[^a-zA-Z0-9._-]/gu, '_') : undefined
}
