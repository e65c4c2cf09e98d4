import { cast } from './cast.ts'
import { extractField } from './extract-field.ts'
import { extractNewRecordState } from './extract-new-record-state.ts'
import { filter } from './filter.ts'
import { flatten } from './flatten.ts'
import { headerFrom } from './header-from.ts'
import { dropHeaders, insertHeader } from './headers.ts'
import { hoistField } from './hoist-field.ts'
import { insertField } from './insert-field.ts'
import { maskField } from './mask-field.ts'
import { hasHeaderKey, recordIsTombstone, topicNameMatches } from './predicates.ts'
import { regexRouter } from './regex-router.ts'
import { replaceField } from './replace-field.ts'
import { setSchemaMetadata } from './set-schema-metadata.ts'
import type { Side } from './step.ts'
import type { PredicateType, StepType } from './step-type.ts'
import { timestampConverter } from './timestamp-converter.ts'
import { timestampRouter } from './timestamp-router.ts'
import { valueToKey } from './value-to-key.ts'

/** Every transform. A class of Confluent's that does the same goes by its own name. */
export const stepTypes: readonly StepType[] = [
  extractNewRecordState,
  replaceField,
  maskField,
  filter,
  regexRouter,
  { ...regexRouter, name: 'TopicRegexRouter', packages: ['io.confluent.connect.cloud.transforms'] },
  timestampRouter,
  insertField,
  insertHeader,
  dropHeaders,
  headerFrom,
  valueToKey,
  extractField,
  hoistField,
  flatten,
  cast,
  setSchemaMetadata,
  timestampConverter,
]

/** Every predicate. */
export const predicateTypes: readonly PredicateType[] = [topicNameMatches, hasHeaderKey, recordIsTombstone]

/** The names by which a transform can be asked for, the short ones first. */
export function stepNames(): readonly string[] {
  const short = stepTypes.flatMap(({ name, hasSides }) => (hasSides ? [`${name}$Key`, `${name}$Value`] : [name]))
  return [...short, ...stepTypes.flatMap((type) => classNames(type, type.hasSides))]
}

/** The names by which a predicate can be asked for. */
export function predicateNames(): readonly string[] {
  return [...predicateTypes.map(({ name }) => name), ...predicateTypes.flatMap((type) => classNames(type, false))]
}

/** A transform by a class name or a short one; `Side` is `value` where it has none. */
export function findStep(text: string): { readonly type: StepType; readonly side: Side } | undefined {
  for (const type of stepTypes) {
    for (const side of ['value', 'key'] as const) {
      const name = type.hasSides ? `${type.name}$${side === 'key' ? 'Key' : 'Value'}` : type.name
      if (isNamed(text, name, type.packages)) return { type, side }
    }
  }
  return undefined
}

/** A predicate by its class name or its short one. */
export function findPredicate(text: string): PredicateType | undefined {
  return predicateTypes.find(({ name, packages }) => isNamed(text, name, packages))
}

function isNamed(text: string, name: string, packages: readonly string[]): boolean {
  return text === name || packages.some((one) => text === `${one}.${name}`)
}

function classNames({ name, packages }: Pick<StepType, 'name' | 'packages'>, hasSides: boolean): readonly string[] {
  return packages.flatMap((one) => (hasSides ? [`${one}.${name}$Key`, `${one}.${name}$Value`] : [`${one}.${name}`]))
}
