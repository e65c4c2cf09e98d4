import type { FamilyReference } from '../../config/json-schema.ts'
import { predicateNames, predicateTypes, stepNames, stepTypes } from '../../transform/connect/catalogue.ts'
import type { PredicateType, StepType } from '../../transform/connect/step-type.ts'

/** All transforms and predicates with their properties in Markdown, made from their declarations. */
export function transformsMarkdown(): string {
  const steps = stepTypes.filter(({ name }) => name !== 'TopicRegexRouter')
  return [...steps.map(section), '### Predicates', ...predicateTypes.map(section)].join('\n\n')
}

/** What editors are told about the properties of transforms and predicates. */
export function transformReferences(): readonly FamilyReference[] {
  const conditions = [
    { name: 'predicate', documentation: 'The predicate that says to which records it applies.' },
    { name: 'negate', documentation: '`true`: it applies to the records for which the predicate is not true.' },
  ]
  return [
    { family: 'transforms', types: stepNames(), properties: [...settingsOf(stepTypes), ...conditions] },
    { family: 'predicates', types: predicateNames(), properties: settingsOf(predicateTypes) },
  ]
}

function settingsOf(types: readonly Pick<StepType, 'settings'>[]): FamilyReference['properties'] {
  const all = new Map(types.flatMap(({ settings }) => Object.entries(settings)))
  return [...all].map(([name, { documentation }]) => ({ name, documentation }))
}

function section(type: StepType | PredicateType): string {
  const { name, packages, settings, documentation } = type
  const sides = 'hasSides' in type && type.hasSides ? ' (`$Key`, `$Value`)' : ''
  const head = `#### ${name}\n\n\`${packages[0] ?? ''}.${name}\`${sides}. ${documentation}`
  const rows = Object.entries(settings)
    .filter(([property]) => property !== 'replace.null.with.default')
    .map(([property, { kind, otherwise, documentation: meaning }]) => {
      const presence = otherwise === 'required' ? ' (required)' : defaultWords(otherwise)
      const rule = kind.type === 'boolean' || kind.rule === 'a text' ? '' : ` Must be ${kind.rule}.`
      return `- \`${property}\`${presence}: ${meaning}${rule}`
    })
  return rows.length === 0 ? head : `${head}\n\n${rows.join('\n')}`
}

/** A default that is a text, a number or a truth; the others say it in words. */
function defaultWords(otherwise: unknown): string {
  return typeof otherwise === 'string' || typeof otherwise === 'boolean' ? ` (default \`${otherwise}\`)` : ''
}
