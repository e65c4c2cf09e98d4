import { translators } from '../connect/translators.ts'
import type { ConnectTranslator } from '../connect/translator.ts'
import { ownDefinitions, placed } from './property-definitions.ts'
import type { Definition } from './property-definitions.ts'
import { ruleDefinitions } from './rule-definitions.ts'

/** A connector class whose configurations run, and every property that one may hold. */
export interface ConnectorPlugin {
  /** The whole name. */
  readonly class: string
  readonly translator: ConnectTranslator
  /** Those of the connector first, then Connect's, then those of tailrace, which may stand beside. Each name once. */
  readonly definitions: readonly Definition[]
  /** In the order of the definitions. */
  readonly groups: readonly string[]
}

/** Every connector class; the first one is tailrace itself. */
export const connectorPlugins: readonly ConnectorPlugin[] = translators.map(pluginOf)

/** The plugin of that name: a class, with or without its package, with or without `Connector` at its end. */
export function findPlugin(name: string): ConnectorPlugin | undefined {
  return connectorPlugins.find(({ translator }) =>
    translator.classes.some((known) => namesOf(known).some((each) => each === name)),
  )
}

function namesOf(known: string): readonly string[] {
  const simple = known.slice(known.lastIndexOf('.') + 1)
  return [known, simple, simple.replace(/(?<=.)Connector$/, '')]
}

function pluginOf(translator: ConnectTranslator): ConnectorPlugin {
  const own = ownDefinitions()
  const ofRules = ruleDefinitions(translator, own)
  const names = new Set(ofRules.map(({ key }) => key.name))
  const definitions = placed([...ofRules, ...own.filter(({ key }) => !names.has(key.name))])
  const groups = [...new Set(definitions.map(({ key }) => key.group))]
  return { class: translator.classes[0] ?? '', translator, definitions, groups }
}
