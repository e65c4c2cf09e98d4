import { TailraceError } from '../../errors.ts'
import { readConfig } from '../load-config.ts'
import type { ConfigInput } from '../load-config.ts'
import type { Problem } from '../problem.ts'
import type { ConfigInfos, ConfigKeyInfo, ConfigValueInfo, ConnectorConfig } from './config-infos.ts'
import type { ConnectorPlugin } from './connector-plugins.ts'
import { displayName } from './display-name.ts'
import { hidden, maskValue } from './mask-config.ts'
import type { Definition } from './property-definitions.ts'
import { isIdle } from './rule-definitions.ts'
import { isSecretName } from './secret-names.ts'
import { isVisible } from './visibility.ts'

/** What a configuration is checked with besides itself. */
export type ValidationSurroundings = Omit<ConfigInput, 'text' | 'path'>

const unknownGroup = 'Unknown'

/**
 * The answer of `validate`: every definition of the plugin with what the configuration says, and what is wrong with it, found
 * by the same code that starts pipelines. What belongs to no property stands at `connector.class`. Names that nobody knows
 * get a definition of their own, so that readers who expect one are not surprised. Never throws for a configuration.
 */
export function validateConnector(
  plugin: ConnectorPlugin,
  config: ConnectorConfig,
  around: ValidationSurroundings,
): ConfigInfos {
  const errors = errorsOf(plugin, config, around)
  const known = new Map(plugin.definitions.map((definition) => [definition.key.name, definition]))
  const unknown = [...new Set([...config.keys(), ...errors.keys()])].filter((name) => !known.has(name)).sort()
  const valueOf = (name: string): string | undefined =>
    config.get(name) ?? known.get(name)?.key.default_value ?? undefined
  const infoOf = ({ key, choices }: Definition): ConfigInfos['configs'][number] => {
    const given = config.get(key.name)
    // A wrong name that nobody knows may be that of a secret, misspelt.
    const isStrange = !known.has(key.name) && errors.has(key.name)
    const value: ConfigValueInfo = {
      name: key.name,
      value: given === undefined ? key.default_value : isStrange ? hidden : maskValue(key.name, given),
      recommended_values: choices,
      errors: errors.get(key.name) ?? [],
      visible: given !== undefined || (!isIdle(key.name, plugin.translator) && isVisible(key.name, valueOf)),
    }
    return { definition: key, value }
  }
  const configs = [
    ...plugin.definitions.map(infoOf),
    ...unknown.map((name, index) => infoOf({ key: unknownKey(name, index + 1), choices: [] })),
  ]
  return {
    name: plugin.class,
    error_count: configs.reduce((sum, { value }) => sum + value.errors.length, 0),
    groups: unknown.length === 0 ? plugin.groups : [...plugin.groups, unknownGroup],
    configs,
  }
}

function unknownKey(name: string, order: number): ConfigKeyInfo {
  return {
    name,
    type: isSecretName(name) ? 'PASSWORD' : 'STRING',
    required: false,
    default_value: null,
    importance: 'LOW',
    documentation: '',
    group: unknownGroup,
    order_in_group: order,
    width: 'MEDIUM',
    display_name: displayName(name),
    dependents: [],
  }
}

/** Errors by the name of the property that has to be changed. */
function errorsOf(
  plugin: ConnectorPlugin,
  config: ConnectorConfig,
  around: ValidationSurroundings,
): ReadonlyMap<string, readonly string[]> {
  const errors = new Map<string, string[]>()
  const add = (name: string, text: string): void => void errors.set(name, [...(errors.get(name) ?? []), text])
  const complete = new Map(config)
  for (const name of ['name', 'connector.class'])
    if ((config.get(name) ?? '').trim() === '') add(name, `${name} is missing`)
  if (errors.has('connector.class')) complete.set('connector.class', plugin.class)
  for (const [name, value] of config)
    if (value.includes(hidden)) add(name, `${name} is ${hidden}: the value must be given again`)
  const entries = [...complete]
  for (const problem of problemsOf(entries, around)) {
    const name = propertyOf(problem, entries) ?? 'connector.class'
    if (!(errors.get(name) ?? []).includes(problem.text)) add(name, problem.text)
  }
  return errors
}

/** One property a line, so that the line of a problem names its property. */
function problemsOf(
  entries: readonly (readonly [string, string])[],
  around: ValidationSurroundings,
): readonly Problem[] {
  const lines = entries.map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`)
  try {
    const read = readConfig({ ...around, text: `{\n${lines.join(',\n')}\n}`, path: 'connector' })
    if ('config' in read) return []
    return read.problems.length > 0 ? read.problems : [{ text: 'the configuration cannot be read' }]
  } catch (error) {
    // Too long, or a name that is none in YAML.
    if (error instanceof TailraceError) return [{ text: error.message }]
    throw error
  }
}

function propertyOf(
  { name, where, text }: Problem,
  entries: readonly (readonly [string, string])[],
): string | undefined {
  const line = /^line (\d+)\b/.exec(where ?? '')?.[1]
  if (line !== undefined) return entries[Number(line) - 2]?.[0]
  return name ?? /^([a-z][\w-]*(?:\.[\w-]+)+|pipeline|lanes|delivery|reselect) /.exec(text)?.[1]
}
