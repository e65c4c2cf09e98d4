import type { AttributePath } from './condition/attribute-path.ts'
import type { Condition } from './condition/condition.ts'
import { parseCondition } from './condition/parse-condition.ts'
import { readPath } from './condition/parse-path.ts'
import type { FilterProblem } from './filter-token.ts'
import { isTopicName } from './legal-topic.ts'

/** Changes for which the condition holds go to the topic that the template names. */
export interface RouteRule {
  readonly condition: Condition
  readonly template: readonly TopicPart[]
}

/** A piece of a topic's name: text as it stands, a word of the pipeline or the table, or an attribute's value. */
export type TopicPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'word'; readonly word: 'prefix' | 'table' | 'region' | 'account' }
  | { readonly kind: 'attribute'; readonly path: AttributePath; readonly name: string }

/** Reads `total >= 100 => {prefix}.large.{country}`. */
export function parseRouteRule(text: string): RouteRule | FilterProblem {
  // A text in the condition may hold an arrow, the template may not.
  const arrow = text.lastIndexOf('=>')
  if (arrow < 0) return { problem: 'a condition, => and a topic should stand here', at: 0 }
  const condition = parseCondition(text.slice(0, arrow))
  if ('problem' in condition) return condition
  const template = parseTemplate(text, arrow + 2)
  return 'problem' in template ? template : { condition, template }
}

function parseTemplate(text: string, from: number): readonly TopicPart[] | FilterProblem {
  const start = from + (/^\s*/.exec(text.slice(from))?.[0].length ?? 0)
  const whole = text.trimEnd()
  const parts: TopicPart[] = []
  for (let at = start; at < whole.length;) {
    if (whole[at] !== '{') {
      const end = whole.indexOf('{', at)
      const piece = whole.slice(at, end < 0 ? undefined : end)
      if (!/^[a-zA-Z0-9._-]+$/.test(piece))
        return { problem: 'a topic has letters, digits, dots, dashes and underscores', at }
      parts.push({ kind: 'text', text: piece })
      at += piece.length
      continue
    }
    const end = whole.indexOf('}', at)
    const part = end < 0 ? undefined : placeholder(whole.slice(at + 1, end))
    if (part === undefined)
      return {
        problem: '{prefix}, {table}, {region}, {account} or the path of an attribute in braces should stand here',
        at,
      }
    parts.push(part)
    at = end + 1
  }
  const sample = parts.map((part) => (part.kind === 'text' ? part.text : 'x')).join('')
  return isTopicName(sample) ? parts : { problem: 'a topic should stand here', at: start }
}

function placeholder(name: string): TopicPart | undefined {
  if (name === 'prefix' || name === 'table' || name === 'region' || name === 'account')
    return { kind: 'word', word: name }
  const path = readPath(name, 0)
  if (path === undefined || path.end !== name.length) return undefined
  const steps = path.steps.filter((step) => typeof step !== 'object')
  return steps.length === path.steps.length ? { kind: 'attribute', path: steps, name } : undefined
}
