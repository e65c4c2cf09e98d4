import { findPredicate, findStep, predicateNames, stepNames } from './catalogue.ts'
import type { Link } from './connect-chain.ts'
import { trueOrFalse } from './settings.ts'
import type { SettingProblem, Settings, SettingText } from './settings.ts'
import type { Predicate, Step } from './step.ts'
import { isProblem } from './step-type.ts'

/** Transforms and predicates as a configuration gives them. */
export interface ChainSettings {
  /** Aliases, in the order in which the transforms follow each other. */
  readonly transforms: readonly string[]
  readonly predicates: readonly string[]
  /** The properties of one: `transforms.<alias>.<property>`. */
  readonly of: (family: 'transforms' | 'predicates', alias: string) => ReadonlyMap<string, SettingText>
}

/** One thing that is wrong, by the full name of its property. */
export interface ChainProblem {
  readonly property: string
  /** A whole sentence, which never quotes a value. */
  readonly text: string
  /** True: the property is not there. */
  readonly isMissing: boolean
}

/** Finds the one of `known` that somebody may have meant. */
export type Nearest = (unknown: string, known: readonly string[]) => string | undefined

/** The links of the chain; where there are problems, those that could be made. */
export function buildChain(
  settings: ChainSettings,
  nearest: Nearest,
): { readonly links: readonly Link[]; readonly problems: readonly ChainProblem[] } {
  const problems: ChainProblem[] = []
  const scope: Scope = { settings, nearest, problems }
  const predicates = new Map<string, Predicate>()
  for (const alias of settings.predicates) {
    const made = makePredicate(alias, scope)
    if (made !== undefined) predicates.set(alias, made)
  }
  const links = settings.transforms.flatMap((alias) => makeLink(alias, predicates, scope) ?? [])
  return { links, problems }
}

interface Scope {
  readonly settings: ChainSettings
  readonly nearest: Nearest
  readonly problems: ChainProblem[]
}

const nowhere: ReadonlySet<string> = new Set()
const everywhere: ReadonlySet<string> = new Set(['predicate', 'negate'])

function makePredicate(alias: string, scope: Scope): Predicate | undefined {
  const given = scope.settings.of('predicates', alias)
  const prefix = `predicates.${alias}`
  const name = typeName(given, prefix, scope)
  const type = name === undefined ? undefined : findPredicate(name)
  if (type === undefined) return unknownType(name, prefix, predicateNames(), scope)
  const values = readSettings(given, type.settings, { prefix, others: nowhere }, scope)
  return values === undefined ? undefined : unlessProblem(type.create(values), prefix, scope)
}

function makeLink(alias: string, predicates: ReadonlyMap<string, Predicate>, scope: Scope): Link | undefined {
  const given = scope.settings.of('transforms', alias)
  const prefix = `transforms.${alias}`
  const name = typeName(given, prefix, scope)
  const found = name === undefined ? undefined : findStep(name)
  const condition = conditionOf(given, prefix, predicates, scope)
  if (found === undefined) return unknownType(name, prefix, stepNames(), scope)
  const values = readSettings(given, found.type.settings, { prefix, others: everywhere }, scope)
  if (values === undefined) return undefined
  if (found.type.needsPredicate === true && !given.has('predicate')) {
    const property = `${prefix}.predicate`
    const text = `${property} is missing: without one, ${found.type.name} does the same to every record`
    scope.problems.push({ property, text, isMissing: true })
  }
  const step = unlessProblem(found.type.create(values, found.side), prefix, scope)
  return step === undefined ? undefined : { alias, step, predicate: condition }
}

/** An alias without properties is known from the list alone, and what stands in a list is a value. */
function typeName(given: ReadonlyMap<string, SettingText>, prefix: string, { problems }: Scope): string | undefined {
  const name = given.get('type')
  if (typeof name === 'string' && name !== '') return name
  const family = prefix.slice(0, prefix.indexOf('.'))
  const text = given.size === 0 ? `${family} lists an alias without a type` : `${prefix}.type is missing or no text`
  problems.push({ property: `${prefix}.type`, text, isMissing: true })
  return undefined
}

/** A type that has no name was told about. */
function unknownType(
  name: string | undefined,
  prefix: string,
  known: readonly string[],
  { nearest, problems }: Scope,
): undefined {
  if (name === undefined) return
  const property = `${prefix}.type`
  // A class without its half is the commonest mistake of all.
  const sided = known.find((one) => one === `${name}$Value`)
  const near = sided ?? nearest(name, known)
  const hint = near === undefined ? '' : `; did you mean ${near}?`
  problems.push({ property, text: `${property} names nothing that tailrace has${hint}`, isMissing: false })
}

function conditionOf(
  given: ReadonlyMap<string, SettingText>,
  prefix: string,
  predicates: ReadonlyMap<string, Predicate>,
  { settings, nearest, problems }: Scope,
): Link['predicate'] {
  const report = (name: string, problem: string): void => {
    problems.push({ property: `${prefix}.${name}`, text: `${prefix}.${name} ${problem}`, isMissing: false })
  }
  const negate = given.get('negate')
  const isNegated = negate === undefined ? false : trueOrFalse.read(negate)
  if (isNegated === undefined) report('negate', `must be ${trueOrFalse.rule}`)
  const alias = given.get('predicate')
  if (alias === undefined) {
    if (negate !== undefined) report('negate', 'is set without a predicate')
    return undefined
  }
  const test = typeof alias === 'string' ? predicates.get(alias) : undefined
  if (test !== undefined) return { test, isNegated: isNegated === true }
  if (typeof alias !== 'string' || !settings.predicates.includes(alias)) {
    const known = settings.predicates.filter((one) => settings.of('predicates', one).size > 0)
    const near = typeof alias === 'string' ? nearest(alias, known) : undefined
    report(
      'predicate',
      `must be one of those that predicates lists${near === undefined ? '' : `; did you mean ${near}?`}`,
    )
  }
  return undefined
}

/** Undefined if a property is unknown, missing, or not what it must be. */
function readSettings(
  given: ReadonlyMap<string, SettingText>,
  settings: Settings,
  { prefix, others }: { readonly prefix: string; readonly others: ReadonlySet<string> },
  { nearest, problems }: Scope,
): Readonly<Record<string, unknown>> | undefined {
  const before = problems.length
  const known = Object.keys(settings)
  for (const name of given.keys()) {
    if (name === 'type' || others.has(name) || known.includes(name)) continue
    const near = nearest(name, [...known, ...others])
    const text = `${prefix}.${shownName(name)} is not a property${near === undefined ? '' : `; did you mean ${near}?`}`
    problems.push({ property: `${prefix}.${name}`, text, isMissing: false })
  }
  const values = known.map((name): readonly [string, unknown] => {
    const setting = settings[name]
    const text = given.get(name)
    const property = `${prefix}.${name}`
    if (setting === undefined) return [name, undefined]
    if (text === undefined) {
      if (setting.otherwise !== 'required') return [name, setting.otherwise]
      problems.push({ property, text: `${property} is missing; it must be ${setting.kind.rule}`, isMissing: true })
      return [name, undefined]
    }
    const value = setting.kind.read(text)
    if (value === undefined)
      problems.push({ property, text: `${property} must be ${setting.kind.rule}`, isMissing: false })
    return [name, value]
  })
  return problems.length > before ? undefined : Object.fromEntries(values)
}

function unlessProblem<M extends Step | Predicate>(
  made: M | SettingProblem,
  prefix: string,
  { problems }: Scope,
): M | undefined {
  if (!isProblem(made)) return made
  const property = `${prefix}.${made.setting}`
  problems.push({ property, text: `${property} ${made.problem}`, isMissing: made.problem.startsWith('is missing') })
  return undefined
}

/** As in other messages about names: cut, and without control characters. */
function shownName(name: string): string {
  const printable = name.replaceAll(/[^\x20-\x7e]/g, '?')
  return printable.length > 60 ? `${printable.slice(0, 57)}...` : printable
}
