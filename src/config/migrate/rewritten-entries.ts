import type { ConfigEntry } from '../config-entry.ts'
import { firstKafkaName, kafkaPropertyList } from '../kafka-property-catalogue.ts'
import { properties, propertyList } from '../properties.ts'
import { matchesNamePattern } from '../../change/name-pattern.ts'

const kafkaPrefix = 'kafka.'
const reference = /\$\{((?:env|file|secretsmanager|ssm):[^{}]+)\}/g

/** True for a text of which a part stands elsewhere. */
export function hasReference({ value }: ConfigEntry): boolean {
  return [value].flat().some((text) => text.includes('${'))
}

/** The entries with a reference to a variable for each secret that stands in the file itself, and what is to be done then. */
export function withoutSecrets(entries: readonly ConfigEntry[]): {
  readonly entries: readonly ConfigEntry[]
  readonly notes: readonly string[]
} {
  const notes: string[] = []
  const rewritten = entries.map((entry) => {
    if (!isSecret(entry.name) || hasReference(entry) || entry.value === '') return entry
    const variable = variableOf(entry.name)
    notes.push(`a secret is left out of the pipeline file: set the environment variable ${variable} for ${entry.name}`)
    return { ...entry, value: `\${env:${variable}}` }
  })
  return { entries: rewritten, notes }
}

function isSecret(name: string): boolean {
  if (!name.startsWith(kafkaPrefix)) return propertyList.get(name)?.isSecret === true
  const known = firstKafkaName(name.slice(kafkaPrefix.length))
  return known !== undefined && kafkaPropertyList.get(known)?.isSecret === true
}

/** One that the default of `secrets.allow` lets be read. */
function variableOf(name: string): string {
  const text = name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')
  return name.startsWith(kafkaPrefix) ? text : `TAILRACE_${text}`
}

/** `secrets.allow` for what the references of the entries name, if its default does not do, and nobody has said it. */
export function neededAllowances(entries: readonly ConfigEntry[]): readonly ConfigEntry[] {
  if (entries.some(({ name }) => name === 'secrets.allow')) return []
  const byDefault = properties['secrets.allow'].defaultValue ?? []
  const named = entries.flatMap(({ value }) =>
    [value].flat().flatMap((text) => [...text.matchAll(reference)].map(([, inner = '']) => allowanceOf(inner))),
  )
  const missing = [...new Set(named)].filter((one) => !byDefault.some((pattern) => matchesNamePattern(pattern, one)))
  if (missing.length === 0) return []
  return [{ name: 'secrets.allow', value: [...byDefault, ...missing], where: 'the references' }]
}

/** Of a file its path without the key; of a secret the whole. */
function allowanceOf(inner: string): string {
  return /^file:[^:]+/.exec(inner)?.[0] ?? inner
}

/** In the order of the reference of properties; those of families and of Kafka's clients behind it. */
export function inOrder(entries: readonly ConfigEntry[]): readonly ConfigEntry[] {
  const places = new Map([...propertyList.keys()].map((name, index) => [name, index]))
  const placeOf = ({ name }: ConfigEntry): number =>
    places.get(name) ?? (name.startsWith(kafkaPrefix) ? places.size + 1 : places.size)
  return entries.toSorted((a, b) => placeOf(a) - placeOf(b))
}

/** A text as YAML would have it: numbers, booleans and lists as such. */
export function valueOf({ name, value }: ConfigEntry): unknown {
  const type = propertyList.get(name)?.type
  if (typeof value !== 'string') return value
  if (type === 'integer' && /^-?\d{1,15}$/.test(value)) return Number(value)
  if (type === 'boolean' && /^(true|false)$/.test(value)) return value === 'true'
  if (type !== 'list') return value
  const parts = value.split(',').map((part) => part.trim())
  return parts.filter((part) => part !== '')
}
