import type { Json, Route } from './route.ts'
import { configOf, flag, invalid, objectBody, shown } from './request-values.ts'
import { reads } from './route.ts'

/** Plugins: which there are, what each takes, and whether a configuration would do. */
export const pluginRoutes: readonly Route[] = [
  reads('/connector-plugins', async ({ service, query, signal }) => {
    const plugins = await service.plugins(signal)
    const shownOnes = flag(query, 'connectorsOnly', true) ? plugins.filter(({ type }) => type === 'source') : plugins
    return { status: 200, body: shownOnes.map((plugin) => ({ ...plugin })) }
  }),
  reads('/connector-plugins/:plugin/config', async ({ service, param, signal }) => ({
    status: 200,
    body: (await service.pluginConfig(param('plugin'), signal)) as unknown as Json,
  })),
  {
    // Not for viewers: the answer tells which files and variables exist.
    ...reads('/connector-plugins/:plugin/config/validate', async ({ service, param, body, signal }) => {
      const [plugin, config] = [param('plugin'), configOf(objectBody(body, 'texts'))]
      const included = config.get('connector.class')?.trim()
      if (included !== undefined && !plainName(included).endsWith(plainName(plugin)))
        throw invalid(`Included connector type ${shown(included)} does not match request type ${shown(plugin)}`)
      return { status: 200, body: (await service.validate(plugin, config, signal)) as unknown as Json }
    }),
    method: 'PUT',
    role: 'operator',
    takesBody: true,
  },
]

/** Classes may be named with and without `Connector` at their end. */
function plainName(text: string): string {
  return text.replace(/(?<=.)Connector$/, '')
}
