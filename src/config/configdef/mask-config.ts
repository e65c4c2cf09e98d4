import type { ConnectorConfig } from './config-infos.ts'
import { isSecretName } from './secret-names.ts'

/** What stands for a secret. Kafka's own word. */
export const hidden = '[hidden]'

/** The configuration as it may be shown: secrets are hidden, references to them are not. */
export function maskConfig(config: ConnectorConfig): ConnectorConfig {
  return new Map([...config].map(([name, value]) => [name, maskValue(name, value)]))
}

/** One value as it may be shown. */
export function maskValue(name: string, value: string): string {
  if (isSecretName(name)) return value === '' || /^\$\{[^{}]+\}$/.test(value) ? value : hidden
  return value.replaceAll(/(?<=:\/\/)[^/@\s]+(?=@)/g, hidden)
}

/**
 * A configuration that comes back after it was shown: what was hidden and has not changed is put in again from what is
 * `kept`. `missing` are properties that are hidden and that nothing is kept of: without it they would become that word.
 */
export function restoreHidden(
  given: ConnectorConfig,
  kept: ConnectorConfig | undefined,
): { readonly config: ConnectorConfig; readonly missing: readonly string[] } {
  const config = new Map(
    [...given].map(([name, value]) => {
      const old = kept?.get(name)
      return [name, old !== undefined && value === maskValue(name, old) ? old : value]
    }),
  )
  const missing = [...config].filter(([, value]) => value.includes(hidden)).map(([name]) => name)
  return { config, missing }
}
