import { TailraceError } from '../../errors.ts'
import type { ConnectorConfig } from './config-infos.ts'
import { connectorPlugins, findPlugin } from './connector-plugins.ts'
import { validateConnector } from './validate-connector.ts'
import type { ValidationSurroundings } from './validate-connector.ts'

/**
 * Refuses a connector's configuration that could not start, in the words in which Connect does: tools look for them. Throws
 * REQUEST_INVALID without a class or with one that nobody knows, and CONFIG_INVALID with everything that `validate` finds.
 */
export function checkConnector(config: ConnectorConfig, around: ValidationSurroundings): void {
  const given = config.get('connector.class')?.trim() ?? ''
  // Connect shows the whole configuration here, secrets and all.
  if (given === '') throw new TailraceError('REQUEST_INVALID', 'Connector config contains no connector type')
  const plugin = findPlugin(given)
  if (plugin === undefined) {
    const known = connectorPlugins.map((one) => one.class).join(', ')
    throw new TailraceError(
      'REQUEST_INVALID',
      `Failed to find any class that implements Connector and which name matches ${printable(given)}, available are: ${known}`,
    )
  }
  const errors = validateConnector(plugin, config, around).configs.flatMap(({ value }) => value.errors)
  if (errors.length === 0) return
  throw new TailraceError(
    'CONFIG_INVALID',
    `Connector configuration is invalid and contains the following ${errors.length} error(s):\n${errors.join('\n')}\n` +
      'You can also find the above list of errors at the endpoint `/connector-plugins/{connectorType}/config/validate`',
  )
}

/** Cut, and without control characters: it goes into logs. */
function printable(text: string): string {
  return text.slice(0, 120).replaceAll(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, '?')
}
