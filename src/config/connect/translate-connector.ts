import type { ConfigEntry } from '../config-entry.ts'
import { allKafkaNames, refusedKafkaProperties } from '../kafka-property-catalogue.ts'
import { nearestName } from '../nearest-name.ts'
import { propertyList } from '../properties.ts'
import { familyOf } from '../property-family.ts'
import { isTableOverride } from '../table-overrides.ts'
import { applyRule } from './apply-rule.ts'
import { createConnectInput } from './connect-input.ts'
import { frameworkRules } from './framework-rules.ts'
import { setPipelineName } from './pipeline-name.ts'
import type { Translation } from './translation.ts'
import type { ConnectInput, ConnectRule, ConnectRules, ConnectTranslator } from './translator.ts'
import { translators } from './translators.ts'

/** What a connector's properties are translated with besides themselves. */
export interface ConnectorSurroundings {
  /** The file's name, which names a pipeline whose connector has no name. */
  readonly fileName: string
  /** Names of properties whose references cannot be resolved; they are not among the entries. */
  readonly failed: ReadonlySet<string>
}

/** Makes a pipeline's properties of a connector's, whose references are resolved. No problem or note quotes a value. */
export function translateConnector(entries: readonly ConfigEntry[], around: ConnectorSurroundings): Translation {
  const translator = translatorOf(entries)
  if (translator === undefined) return unknownConnector(entries, around)
  const own = entries.filter(({ name }) => isOurs(name, translator))
  const made = createConnectInput(entries, own, { ...around, ruleOf: (name) => ruleOf(name, translator) })
  const without = new Map<string, string[]>()
  for (const entry of entries) {
    const rule = ruleOf(entry.name, translator)
    if (rule === undefined) {
      if (!own.includes(entry)) made.problem(entry.name, unknownText(entry.name, translator))
    } else if (typeof entry.value !== 'string') made.problem(entry.name, 'must be a single value')
    else if (entry.value.trim() !== '') applyRule(entry.name, rule, { input: made, without })
  }
  for (const [why, names] of without) made.note(`without effect, since ${why}: ${names.join(', ')}`)
  translateOverrides(made)
  setPipelineName(made, around.fileName)
  translator.finish(made)
  return made.translation()
}

/** Every name that a file of this connector may hold, for the reference. */
export function rulesOf(translator: ConnectTranslator): ConnectRules {
  return { ...frameworkRules, ...translator.rules }
}

/** The translator that a file's `connector.class` names. */
export function translatorOf(entries: readonly ConfigEntry[]): ConnectTranslator | undefined {
  const given = entries.find(({ name }) => name === 'connector.class')?.value
  return translators.find(({ classes }) => typeof given === 'string' && classes.includes(given.trim()))
}

function unknownConnector(entries: readonly ConfigEntry[], { failed }: ConnectorSurroundings): Translation {
  const name = 'connector.class'
  const known = translators.flatMap(({ classes }) => classes.slice(0, 1)).join(', ')
  const text = `${name} is none of the connectors whose files tailrace runs: ${known}`
  const problem = { name, where: entries.find((entry) => entry.name === name)?.where, text }
  const spoiled = [...propertyList.keys(), 'kafka.bootstrap.servers']
  return { entries: [], kafkaAccess: [], notes: [], spoiled, problems: failed.has(name) ? [] : [problem] }
}

const kafkaNames: ReadonlySet<string> = new Set(
  [...allKafkaNames(), ...refusedKafkaProperties.keys()].map((name) => `kafka.${name}`),
)

/** Names of the connector come first: `kafka.topic` is one of them. */
function isOurs(name: string, { rules }: ConnectTranslator): boolean {
  if (Object.hasOwn(rules, name) || Object.hasOwn(frameworkRules, name)) return false
  return propertyList.has(name) || familyOf(name) !== undefined || isTableOverride(name) || kafkaNames.has(name)
}

/** The rule of exactly this name, or of what it begins with; undefined for names that nobody knows, and for ours. */
function ruleOf(name: string, translator: ConnectTranslator): ConnectRule | undefined {
  if (isOurs(name, translator)) return undefined
  const rules = rulesOf(translator)
  if (Object.hasOwn(rules, name) && !name.endsWith('.')) return rules[name]
  const prefixes = Object.keys(rules).filter((prefix) => prefix.endsWith('.') && name.startsWith(prefix))
  const longest = prefixes.toSorted((a, b) => b.length - a.length)[0]
  return longest === undefined || longest === name ? undefined : rules[longest]
}

function unknownText(name: string, translator: ConnectTranslator): string {
  const known = Object.keys(rulesOf(translator)).filter((one) => !one.endsWith('.'))
  const nearest = nearestName(name, [...known, ...propertyList.keys(), ...kafkaNames])
  const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`
  return `is no property of ${translator.title}, of Connect, or of tailrace${hint}`
}

const overrides = 'producer.override.'

function translateOverrides(input: ConnectInput): void {
  for (const name of input.names(overrides))
    input.set(`kafka.${name.slice(overrides.length)}`, input.text(name) ?? '', name)
}
