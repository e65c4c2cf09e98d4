import { connectorPlugins, findPlugin } from '../../config/configdef/connector-plugins.ts'
import type { ConnectorPlugin } from '../../config/configdef/connector-plugins.ts'
import { TailraceError } from '../../errors.ts'
import { predicateTypes, stepTypes } from '../../transform/connect/catalogue.ts'
import type { PluginInfo } from '../server/rest/connect-service.ts'
import { shown } from '../server/rest/request-values.ts'

/** Every connector class, transform and predicate, with the version of tailrace: there is nothing else to load. */
export function pluginList(version: string): readonly PluginInfo[] {
  const transforms = stepTypes.flatMap(({ name, packages, hasSides }) => {
    const sides = hasSides ? [`${name}$Key`, `${name}$Value`] : [name]
    return sides.map((side) => ({ class: `${packages[0] ?? ''}.${side}`, type: 'transformation' as const, version }))
  })
  const predicates = predicateTypes.map(({ name, packages }) => ({
    class: `${packages[0] ?? ''}.${name}`,
    type: 'predicate' as const,
    version,
  }))
  return [
    ...connectorPlugins.map((plugin) => ({ class: plugin.class, type: 'source' as const, version })),
    ...transforms,
    ...predicates,
  ]
}

/** The connector class of that name, however it is put. Throws PLUGIN_UNKNOWN. */
export function pluginNamed(name: string): ConnectorPlugin {
  const plugin = findPlugin(name)
  if (plugin === undefined) throw new TailraceError('PLUGIN_UNKNOWN', `Unknown plugin ${shown(name)}.`)
  return plugin
}
