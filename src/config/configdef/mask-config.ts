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
  const masked = value.replaceAll(userInfo, hidden)
  // Addresses that are written wrongly have names and passwords, too.
  return addressName.test(name) && masked.replaceAll(`//${hidden}@`, '').includes('@') ? hidden : masked
}

/** Everything up to the last `@` of a URL: passwords that were not encoded hold slashes, commas and that sign, too. */
const userInfo = /(?<=:\/\/)(?:(?!:\/\/)[^\s"'])+(?=@)/g
const addressName = /(^|[.-])(ur[il]s?|endpoints?|servers|address(es)?|hosts?)$/i

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
