import type { RegistryConfig } from '../config/registry-config.ts'
import { openSchemaRegistry } from '../schema-registry/open-schema-registry.ts'
import type { SchemaRegistry } from '../schema-registry/schema-registry.ts'
import { glueRegistryOf } from './glue-registry-of.ts'
import type { RegistryParts } from './glue-registry-of.ts'
import { registryAuthorizationOf, registryHeadersOf } from './registry-authorization.ts'
import { tlsOptionsOf } from './tls-options-of.ts'

/** The client of the registry that a configuration names. Asks nothing yet; must be closed. */
export function schemaRegistryOf(config: RegistryConfig, parts: RegistryParts): SchemaRegistry {
  if (config.kind === 'glue') return glueRegistryOf(config, parts)
  const { urls, credentials, tls, mode, comparesLatest, normalizes, context } = config
  const { clock, rng, onWait, giveUpOn } = parts
  return openSchemaRegistry({
    clock,
    rng,
    onWait,
    giveUpOn,
    urls,
    mode,
    comparesLatest,
    normalizes,
    context,
    authorization: registryAuthorizationOf(credentials, clock),
    headers: registryHeadersOf(credentials),
    ...(tls === undefined ? {} : { tls: tlsOptionsOf(tls) }),
  })
}
