import type { RegistryConfig } from '../config/registry-config.ts'
import { openSchemaRegistry } from '../schema-registry/open-schema-registry.ts'
import type { RegistryOptions } from '../schema-registry/registry-options.ts'
import type { SchemaRegistry } from '../schema-registry/schema-registry.ts'
import { registryAuthorizationOf, registryHeadersOf } from './registry-authorization.ts'
import { tlsOptionsOf } from './tls-options-of.ts'

/** The client of the registry that a configuration names. Asks nothing yet; must be closed. */
export function schemaRegistryOf(
  config: RegistryConfig,
  parts: Pick<RegistryOptions, 'clock' | 'rng' | 'onWait' | 'giveUpOn'>,
): SchemaRegistry {
  const { urls, credentials, tls, mode, comparesLatest, normalizes, context } = config
  return openSchemaRegistry({
    ...parts,
    urls,
    mode,
    comparesLatest,
    normalizes,
    context,
    authorization: registryAuthorizationOf(credentials, parts.clock),
    headers: registryHeadersOf(credentials),
    ...(tls === undefined ? {} : { tls: tlsOptionsOf(tls) }),
  })
}
