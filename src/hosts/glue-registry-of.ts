import { createCredentialsCache, createCredentialsLoader } from '../aws/credentials.ts'
import type { CredentialsCache } from '../aws/credentials.ts'
import { createAwsApi } from '../aws/signed-request.ts'
import type { GlueRegistryConfig } from '../config/registry-config.ts'
import { openGlueRegistry } from '../schema-registry/glue/open-glue-registry.ts'
import type { RegistryOptions } from '../schema-registry/registry-options.ts'
import type { SchemaRegistry } from '../schema-registry/schema-registry.ts'
import { credentialsOf } from './aws-access-of.ts'

/** What a registry's client stands on. */
export interface RegistryParts extends Pick<RegistryOptions, 'clock' | 'rng' | 'onWait' | 'giveUpOn'> {
  /** For `AWS_ENDPOINT_URL_GLUE`. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Of the source, so that they are fetched once; default: fetched anew, under the source's role. */
  readonly credentials?: CredentialsCache
}

/** The client of a registry in Glue, on connections of its own. Asks nothing yet; must be closed. */
export function glueRegistryOf(config: GlueRegistryConfig, parts: RegistryParts): SchemaRegistry {
  const { registryName, region, endpoint, mode, comparesLatest, compatibility } = config
  const { clock, rng, env = {}, onWait, giveUpOn } = parts
  const credentials =
    parts.credentials ??
    createCredentialsCache({ clock, load: createCredentialsLoader({ ...credentialsOf(config), env }) })
  const api = createAwsApi({
    clock,
    region,
    env,
    credentials,
    overrides: endpoint === undefined ? {} : { glue: endpoint },
    limits: { maxConnections: 4 },
  })
  return openGlueRegistry({ clock, rng, api, registryName, mode, comparesLatest, compatibility, onWait, giveUpOn })
}
