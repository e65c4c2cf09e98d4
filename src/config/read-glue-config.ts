import { identityConfig } from './aws-identity-config.ts'
import type { ConfigEntry } from './config-entry.ts'
import type { PropertyValues } from './properties.ts'
import { glueProperties } from './properties/glue-properties.ts'
import { registryProperties } from './properties/registry-properties.ts'
import type { GlueRegistryConfig } from './registry-config.ts'

/** What Glue is read with besides the values. */
export interface GlueInput {
  readonly entries: readonly ConfigEntry[]
  readonly mode: GlueRegistryConfig['mode']
  /** A problem of a property; the text goes on behind its name. */
  problem(name: string, text: string): void
}

const prefix = 'schema.registry.glue.'
/** What means the same for both kinds of registries. */
const common: ReadonlySet<string> = new Set([
  'auto.register.schemas',
  'use.latest.version',
  'latest.compatibility.strict',
])

/** The registry of `schema.registry.type: glue`; with a problem the result must not be used. */
export function readGlueConfig(values: PropertyValues, input: GlueInput): GlueRegistryConfig {
  for (const { name } of input.entries) {
    if (Object.hasOwn(registryProperties, name) && !common.has(name))
      input.problem(name, 'is not for schema.registry.type: glue')
  }
  if (values['format.schema.id.in'] === 'header')
    input.problem('format.schema.id.in', 'is header, and schema.registry.type: glue writes ids in front of the bytes')
  return {
    kind: 'glue',
    registryName: values['schema.registry.glue.registry.name'],
    region: values['schema.registry.glue.region'] ?? values['source.region'] ?? '',
    endpoint: values['schema.registry.glue.endpoint'],
    ...identityConfig(values),
    compatibility: values['schema.registry.glue.compatibility'],
    compression: values['schema.registry.glue.compression'] === 'ZLIB' ? 'zlib' : 'none',
    mode: input.mode,
    comparesLatest: values['latest.compatibility.strict'],
  }
}

/** Refuses properties of Glue where it is not the registry. */
export function refuseGlueProperties({ entries, problem }: Pick<GlueInput, 'entries' | 'problem'>): void {
  for (const { name } of entries) {
    if (name.startsWith(prefix) && Object.hasOwn(glueProperties, name))
      problem(name, 'is set without schema.registry.type: glue')
  }
}
