import type { SettingProblem, Settings, ValuesOf } from './settings.ts'
import type { Predicate, Side, Step } from './step.ts'

/** A transform as a configuration can name it. */
export interface StepType {
  /** Connect's simple class name: `ReplaceField`. */
  readonly name: string
  /** The packages it is known under: a class is `<package>.<name>`. */
  readonly packages: readonly string[]
  /** True: it is named `…$Key` or `…$Value`. */
  readonly hasSides: boolean
  /** True: on every record it would make no sense. */
  readonly needsPredicate?: boolean
  readonly settings: Settings
  /** One sentence of Markdown. */
  readonly documentation: string
  /** `values` holds what `settings` declares. The problem says why they do not go together. */
  create(values: Readonly<Record<string, unknown>>, side: Side): Step | SettingProblem
}

/** A predicate as a configuration can name it. */
export interface PredicateType extends Omit<StepType, 'create' | 'hasSides'> {
  create(values: Readonly<Record<string, unknown>>): Predicate | SettingProblem
}

/** Where Kafka Connect's own transforms live. */
export const kafkaPackage = 'org.apache.kafka.connect.transforms'

/** A type whose `create` knows the types of its values. */
export function stepType<S extends Settings>(
  type: Omit<StepType, 'create' | 'settings' | 'packages'> & {
    readonly packages?: readonly string[]
    readonly settings: S
    readonly create: (values: ValuesOf<S>, side: Side) => Step | SettingProblem
  },
): StepType {
  const { create, packages = [kafkaPackage], ...rest } = type
  // Whoever calls it has read the values by the same declarations.
  return { ...rest, packages, create: (values, side) => create(values as ValuesOf<S>, side) }
}

/** As `stepType`. */
export function predicateType<S extends Settings>(
  type: Omit<PredicateType, 'create' | 'settings' | 'packages'> & {
    readonly settings: S
    readonly create: (values: ValuesOf<S>) => Predicate | SettingProblem
  },
): PredicateType {
  const { create, ...rest } = type
  return { ...rest, packages: [`${kafkaPackage}.predicates`], create: (values) => create(values as ValuesOf<S>) }
}

/** True for what could not be made. */
export function isProblem(made: object): made is SettingProblem {
  return 'problem' in made
}
