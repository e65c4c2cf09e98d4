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
    giveUpOn: ['SCHEMA_REGISTRY_UNREACHABLE', 'SCHEMA_REGISTRY_RESPONSE'],
  })
  const hosts = config.urls.map((url) => new URL(url).host).join(', ')
  try {
    const level = await ask(parts, (signal) => registry.compatibility(signal), patience)
    if (level !== 'NONE') return [passed(check, `${hosts}, compatibility ${level}`)]
    const detail = `${hosts}, compatibility NONE: any schema may follow any other, and readers may meet what they cannot read`
    return [warning(check, detail, 'Set a compatibility level in the registry (BACKWARD is usual).')]
  } catch (error) {
    // Rights may be given for subjects alone.
    if (error instanceof TailraceError && error.details['status'] === 403) {
      return [warning(check, `${hosts}, whose compatibility level may not be read`)]
    }
    return [failed(check, error)]
  }
}
