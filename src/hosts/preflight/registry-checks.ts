import type { RegistryConfig } from '../../config/registry-config.ts'
import { TailraceError } from '../../errors.ts'
import { schemaRegistryOf } from '../schema-registry-of.ts'
import { failed, passed, warning } from './finding.ts'
import type { Finding } from './finding.ts'
import { ask } from './preflight-parts.ts'
import type { PreflightParts } from './preflight-parts.ts'

const check = 'schema registry'
const patience = {
  ms: 15_000,
  onTimeout: () => new TailraceError('SCHEMA_REGISTRY_UNREACHABLE', 'the schema registry did not answer within 15 s'),
}

/** Is the registry there, does it take the credentials, and which changes of schemas does it allow? Writes nothing. */
export async function checkRegistry(
  config: RegistryConfig | undefined,
  parts: PreflightParts,
): Promise<readonly Finding[]> {
  if (config === undefined) return []
  await using registry = schemaRegistryOf(config, {
    clock: parts.clock,
    rng: parts.rng,
    env: parts.env,
    giveUpOn: ['SCHEMA_REGISTRY_UNREACHABLE', 'SCHEMA_REGISTRY_RESPONSE', 'AWS_CREDENTIALS'],
  })
  const place = placeOf(config)
  try {
    const level = await ask(parts, (signal) => registry.compatibility(signal), patience)
    const levels = config.kind === 'glue' ? `new schemas with compatibility ${level}` : `compatibility ${level}`
    if (level !== 'NONE') return [passed(check, `${place}, ${levels}`)]
    const detail = `${place}, ${levels}: any schema may follow any other, and readers may meet what they cannot read`
    return [warning(check, detail, remedyOf(config))]
  } catch (error) {
    // Rights may be given for subjects alone.
    if (error instanceof TailraceError && error.details['status'] === 403) {
      return [
        warning(check, config.kind === 'glue' ? error.message : `${place}, whose compatibility level may not be read`),
      ]
    }
    return [failed(check, error)]
  }
}

function placeOf(config: RegistryConfig): string {
  if (config.kind === 'glue') return `${config.registryName} of AWS Glue in ${config.region}`
  return config.urls.map((url) => new URL(url).host).join(', ')
}

function remedyOf({ kind }: RegistryConfig): string {
  return kind === 'glue'
    ? 'Set schema.registry.glue.compatibility (BACKWARD is usual).'
    : 'Set a compatibility level in the registry (BACKWARD is usual).'
}
