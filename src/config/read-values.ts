import { shownName } from './config-entry.ts'
import type { ConfigEntry } from './config-entry.ts'
import { allKafkaNames } from './kafka-property-catalogue.ts'
import { nearestName } from './nearest-name.ts'
import type { Problem } from './problem.ts'
import { propertyList } from './properties.ts'
import type { PropertyValues } from './properties.ts'
import type { Given, Property } from './property.ts'

/** The values that a file and the environment give, and what is wrong with them. */
export interface ReadValues {
  /** Undefined if a property has no valid value; then there is a problem. */
  readonly values: PropertyValues | undefined
  readonly problems: readonly Problem[]
}

/**
 * Checks each property on its own and fills in defaults. `entries` hold no `kafka.*` but `kafka.properties.file`, and
 * their references are resolved.
 */
export function readValues(entries: readonly ConfigEntry[], env: Given['env']): ReadValues {
  const problems: Problem[] = []
  const given = new Map<string, ConfigEntry>()
  for (const entry of entries) {
    if (propertyList.has(entry.name)) given.set(entry.name, entry)
    else if (!isSection(entry.name)) problems.push({ where: entry.where, text: unknownText(entry.name) })
    // `source:` with nothing (or only comments) below it says nothing.
    else if (entry.value !== '') {
      problems.push({
        where: entry.where,
        text: `${entry.name} has no value of its own: its properties stand below it`,
      })
    }
  }
  const textOf = (name: string): string | undefined => {
    const value = given.get(name)?.value
    return typeof value === 'string' ? value : undefined
  }
  const defaults: Given = {
    pipeline: textOf('pipeline') ?? 'unnamed',
    env,
    text: textOf,
    isGiven: (name) => given.has(name),
  }
  const { values, problems: wrong } = readDeclared(propertyList, given, defaults)
  return { values: complete(values), problems: [...problems, ...wrong] }
}

/** Reads what is declared: a value for every property that has a valid one, and a problem for every other that needs one. */
export function readDeclared(
  declared: ReadonlyMap<string, Property>,
  given: ReadonlyMap<string, ConfigEntry>,
  defaults: Given,
): { readonly values: ReadonlyMap<string, unknown>; readonly problems: readonly Problem[] } {
  const values = new Map<string, unknown>()
  const problems: Problem[] = []
  for (const [name, property] of declared) {
    const entry = given.get(name)
    const read = entry === undefined ? readDefault(name, property, defaults) : readEntry(entry, property)
    if ('problem' in read) problems.push(read.problem)
    else values.set(name, read.value)
  }
  return { values, problems }
}

/** Checks one text as a value of a property: the rule that it breaks, or undefined. For questions at a terminal. */
export function brokenRule(name: string, text: string): string | undefined {
  const property = propertyList.get(name)
  if (property === undefined) return undefined
  const read = readEntry({ name, value: text, where: '' }, property)
  return 'problem' in read ? `must be ${property.rule}` : undefined
}

/** A value, or what is wrong with what was given. */
export type Read = { readonly value: unknown } | { readonly problem: Problem }

/** Reads what was given as the property's type, and checks it by itself. */
export function readEntry(entry: ConfigEntry, property: Property): Read {
  const result = property.schema.safeParse(fromText(entry.value, property))
  if (result.success) return { value: result.data }
  return { problem: { where: entry.where, text: `${entry.name} must be ${property.rule}` } }
}

function readDefault(name: string, property: Property, given: Given): Read {
  const text = property.defaultFrom?.(given)
  if (text !== undefined) {
    const result = property.schema.safeParse(fromText(text, property))
    if (result.success) return { value: result.data }
    return { problem: { name, text: `${name}, by default ${property.defaultNote ?? ''}, must be ${property.rule}` } }
  }
  if (property.presence === 'required')
    return { problem: { name, text: `${name} is missing; it must be ${property.rule}` } }
  return { value: property.defaultValue }
}

/** Reads a text as the property's type; what is not of the type stays text, and the schema refuses it. */
function fromText(value: ConfigEntry['value'], { type }: Property): unknown {
  if (type === 'list') return typeof value === 'string' ? splitList(value) : value
  if (typeof value !== 'string') return value
  if (type === 'integer' && /^-?\d{1,16}$/.test(value)) return Number(value)
  if (type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true'
  return value
}

function splitList(text: string): readonly string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

function isSection(name: string): boolean {
  return name === 'kafka' || [...propertyList.keys()].some((known) => known.startsWith(`${name}.`))
}

function unknownText(name: string): string {
  const nearest = nearestName(name, everyName())
  const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`
  return `${shownName(name)} is not a property${hint}`
}

function everyName(): readonly string[] {
  return [...propertyList.keys(), ...allKafkaNames().map((name) => `kafka.${name}`)]
}

/** All values by name; undefined if one is lacking, which only a problem can cause. */
function complete(values: ReadonlyMap<string, unknown>): PropertyValues | undefined {
  const record = Object.fromEntries(values)
  return isComplete(record) ? record : undefined
}

/** Every property has passed its own schema; that all are there makes the record what the type says. */
function isComplete(record: object): record is PropertyValues {
  return [...propertyList.keys()].every((name) => Object.hasOwn(record, name))
}
